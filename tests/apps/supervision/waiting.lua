local function main()
    process.events():receive()
end

return { main = main }
