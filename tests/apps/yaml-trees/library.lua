local M = {loaded = 0}

function M.greet(name)
    return "hello " .. name
end

return M
