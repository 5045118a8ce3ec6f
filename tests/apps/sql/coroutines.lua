local assert = require("assert")
local sql = require("sql")
local tables = require("tables")
local time = require("time")

local function main()
    local db = tables.fresh("turns", "app.sql:memory")
    local done = channel.new(10)
    for i = 1, 5 do
        coroutine.spawn(function()
            local tx = db:begin()
            local n = tx:query("SELECT count(*) AS n FROM turns")[1].n
            time.sleep("2ms")
            tx:execute("INSERT INTO turns (name) VALUES (?)", {i .. ":" .. n})
            tx:commit()
            done:send(n)
        end)
    end
    local seen = {}
    for _ = 1, 5 do seen[#seen + 1] = done:receive() end
    table.sort(seen)
    assert.same(seen, {0, 1, 2, 3, 4}, "each saw what those before had written")
    local stats = db:stats()
    assert.eq(stats.max_open_connections, 1)
    assert.gte(stats.wait_count, 1)
    return true
end

return { main = main }
