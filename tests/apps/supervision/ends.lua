-- Runs for `lasting`, then ends as it is told.
local time = require("time")

local ways = {}

function ways.returns() return "done" end
function ways.refuses() return nil, "no" end
function ways.asks_again() return nil, errors.new({ message = "again", retryable = true }) end
function ways.raises() error("boom") end
function ways.raises_for_good() error(errors.new({ message = "for good", retryable = false })) end

function ways.is_terminated()
    local killer = process.spawn("app.supervision:killer", "app.lib:processes", process.pid())
    assert(killer)
    time.sleep("1h")
end

function ways.is_cancelled()
    process.cancel(process.pid(), "enough")
    time.sleep("1h")
end

function ways.loses_its_link()
    process.spawn_linked("app.supervision:ends", "app.lib:processes", "raises", "1ms")
    time.sleep("1h")
end

local function main(way, lasting)
    if lasting then time.sleep(lasting) end
    return ways[way]()
end

return { main = main }
