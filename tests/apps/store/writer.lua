local store = require("store")

local function main(key, value)
    local cache, err = store.get("app.store:cache")
    if err then return nil, err end
    return cache:set(key, value)
end

return { main = main }
