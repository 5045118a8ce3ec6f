local assert = require("assert")
local compress = require("compress")

local function main()
    for _, name in ipairs({ "gzip", "zlib", "deflate", "brotli", "zstd" }) do
        local packed = compress[name].encode("some text that is long enough to be cut")
        for _, bad in ipairs({ string.rep("\255", 20), string.sub(packed, 1, -4), 5, {} }) do
            local back, err = compress[name].decode(bad)
            assert.is_nil(back)
            assert.is_error(err, errors.INVALID)
        end
        local made, err = compress[name].encode(5)
        assert.is_nil(made)
        assert.is_error(err, errors.INVALID)
    end
    return true
end

return { main = main }
