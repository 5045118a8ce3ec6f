local M = {}

function M.twice(name)
    return greeting.greet(name) .. ", " .. greeting.greet(name)
end

return M
