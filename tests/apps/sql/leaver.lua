local sql = require("sql")

local function main(mode, table_name)
    local db = sql.get("app.sql:db")
    local tx, err = db:begin()
    if err then return nil, err end
    _, err = tx:execute("INSERT INTO " .. table_name .. " (name) VALUES (?)", {mode})
    if err then return nil, err end
    if mode == "fails" then error("left with an open transaction") end
    return "left"
end

return { main = main }
