local assert = require("assert")
local services = require("services")

local function failing(name, lasting, lifecycle)
    return services.service(name, { process = "app.supervision:ends", input = { "raises", lasting }, lifecycle = lifecycle })
end

local function main()
    local watch = services.create({
        failing("three", "1ms", { restart = { initial_delay = "1ms", max_attempts = 3 } }),
        failing("stable", "30ms", { stable_threshold = "5ms", restart = { initial_delay = "1ms", max_attempts = 2 } }),
    })
    local attempts, runs = {}, 0
    local names = { three = true, stable = true }
    while #attempts < 3 or runs < 4 do
        local data = services.next(watch, names)
        assert.not_nil(data)
        if data.state == "failed" and data.name == "three" then
            attempts[#attempts + 1] = data.attempts
        elseif data.state == "failed" then
            assert.eq(data.attempts, 1, "a stable run resets the count")
            runs = data.run
        end
    end
    assert.same(attempts, { 1, 2, 3 })
    assert.is_nil(services.next(watch, { three = true }, "30ms"), "three runs, then it stays failed")
    services.remove(watch)
    return true
end

return { main = main }
