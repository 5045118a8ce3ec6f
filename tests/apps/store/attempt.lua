local sql = require("sql")
local store = require("store")

-- The kinds of the errors of one thing after another, "" where it was done.
local function main()
    local kinds = {}
    local function note(_, err) kinds[#kinds + 1] = err and err:kind() or "" end
    local cache = store.get("app.store:cache")
    note(cache and true, nil)
    note(cache:get("guarded"))
    note(cache:has("guarded"))
    note(cache:set("guarded", 2))
    note(cache:put("guarded", 2))
    note(cache:delete("guarded"))
    note(cache:list())
    note(store.get("app.store:small"))
    local db, err = sql.get("app.store:db")
    note(db, err)
    if db then
        note(db:query("SELECT 1"))
        local tx = db:begin()
        note(tx:query("SELECT 1"))
        note(tx:rollback())
    end
    return kinds
end

return { main = main }
