local assert = require("assert")
local compress = require("compress")

local function main()
    local data = string.rep("abcdefghij", 500)
    assert.lte(#compress.gzip.encode(data, { level = 9 }), #compress.gzip.encode(data, { level = 1 }))
    assert.eq(compress.brotli.decode(compress.brotli.encode(data, { level = 0 })), data)
    for _, case in ipairs({ { "gzip", 10 }, { "zlib", 99 }, { "brotli", 12 }, { "zstd", 50 }, { "gzip", "high" } }) do
        local packed, err = compress[case[1]].encode(data, { level = case[2] })
        assert.is_nil(packed)
        assert.is_error(err, errors.INVALID)
    end
    return true
end

return { main = main }
