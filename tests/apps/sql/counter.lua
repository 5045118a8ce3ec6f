local sql = require("sql")

local function main(id, name)
    local db, err = sql.get(id)
    if err then return nil, err end
    local rows
    rows, err = db:query("SELECT count(*) AS n FROM " .. name)
    if err then return nil, err end
    return rows[1].n
end

return { main = main }
