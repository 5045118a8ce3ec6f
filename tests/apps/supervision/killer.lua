local function main(pid)
    process.terminate(pid)
end

return { main = main }
