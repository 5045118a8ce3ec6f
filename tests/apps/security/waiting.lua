local function main()
    local message = process.inbox():receive()
    return message:topic()
end

return { main = main }
