local assert = require("assert")
local compress = require("compress")

local function main()
    local data = string.rep("to and fro, ", 1000)
    for _, name in ipairs({ "gzip", "zlib", "deflate", "brotli", "zstd" }) do
        local packed, err = compress[name].encode(data)
        assert.no_error(err, name)
        assert.lt(#packed, 300)
        local back
        back, err = compress[name].decode(packed)
        assert.no_error(err, name)
        assert.eq(back, data)
    end
    assert.eq(string.sub(compress.gzip.encode("x"), 1, 2), "\31\139")
    return true
end

return { main = main }
