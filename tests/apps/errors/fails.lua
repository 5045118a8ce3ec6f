local ways = {
    text = function() return nil, "just text" end,
    raise = function() error("raised text") end,
    object = function()
        return nil, errors.new({ message = "no such order", kind = errors.NOT_FOUND, retryable = false, details = { id = 7 } })
    end,
    retryable = function() return nil, errors.new({ message = "again", kind = errors.UNAVAILABLE, retryable = true }) end,
    unset = function() return nil, errors.new("bare") end,
    raise_object = function() error(errors.new({ message = "thrown", kind = errors.CONFLICT, retryable = true })) end,
    other_second = function() return "fine", 42 end,
    runtime = function()
        local nothing
        return nothing.field
    end,
    wrapped = function() return nil, errors.wrap(errors.new({ message = "inner", kind = errors.TIMEOUT }), "outer") end,
}

local function main(way)
    return ways[way]()
end

return { main = main }
