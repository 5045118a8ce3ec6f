local assert = require("assert")
local compress = require("compress")

local function main()
    local data = string.rep("x", 10000)
    for _, name in ipairs({ "gzip", "zlib", "deflate", "brotli", "zstd" }) do
        local packed = compress[name].encode(data)
        assert.eq(#compress[name].decode(packed, { max_size = 10000 }), 10000)
        local back, err = compress[name].decode(packed, { max_size = 9999 })
        assert.is_nil(back)
        assert.is_error(err, errors.INTERNAL)
    end
    return true
end

return { main = main }
