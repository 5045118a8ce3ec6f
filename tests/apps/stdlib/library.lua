seen_global = seen_global_of_others

local M = { answer = 42 }

function M.fails()
    error("library broke")
end

function M.global()
    return seen_global
end

return M
