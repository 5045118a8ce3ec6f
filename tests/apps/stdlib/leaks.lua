local function main(value)
    local before = leaked
    leaked = value
    return { before = before, after = leaked }
end

return { main = main }
