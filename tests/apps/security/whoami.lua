local security = require("security")
local ctx = require("ctx")

local function main()
    local actor, scope = security.actor(), security.scope()
    local policies = {}
    if scope then
        for _, policy in ipairs(scope:policies()) do
            table.insert(policies, policy:id())
        end
    end
    local shown = 0
    for _ in pairs(ctx.all()) do
        shown = shown + 1
    end
    return {
        id = actor and actor:id(),
        meta = actor and actor:meta(),
        has_scope = scope ~= nil,
        policies = table.concat(policies, " "),
        shown = shown,
    }
end

return { main = main }
