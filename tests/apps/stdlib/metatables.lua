local assert = require("assert")

local M = {}

local cache = setmetatable({}, { __mode = "k" })

local Handle = { __gc = function() error("finalized") end }
Handle.__index = Handle

-- [16.16] Weak tables and finalizers are accepted and do nothing
function M.no_finalizers()
    cache[{}] = "kept"
    for i = 1, 50000 do setmetatable({ i }, Handle) end
    assert.eq(select(2, next(cache)), "kept")
    assert.eq(getmetatable(setmetatable({}, Handle)), Handle)
end

return M
