local assert = require("assert")
local hash = require("hash")

local function main()
    local known = {
        md5 = "900150983cd24fb0d6963f7d28e17f72",
        sha1 = "a9993e364706816aba3e25717850c26c9cd0d89d",
        sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        sha512 = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    }
    for name, hex in pairs(known) do
        local digest, err = hash[name]("abc")
        assert.no_error(err)
        assert.eq(digest, hex)
        local raw = hash[name]("abc", true)
        assert.len(raw, #hex / 2)
        assert.eq(hash[name]("abc", false), hex)
        local made, problem = hash[name](5)
        assert.is_nil(made)
        assert.is_error(problem, errors.INVALID)
        made, problem = hash[name]()
        assert.is_nil(made)
        assert.is_error(problem, errors.INVALID)
    end
    return true
end

return { main = main }
