local assert = require("assert")
local registry = require("registry")

local function main()
    for _, bad in ipairs({ "thing", { [".nothing"] = 1 }, { ["~meta.type"] = "(" }, { ["^meta.type"] = 7 }, { ["meta.type"] = { a = 1 } }, { ["~"] = "x" } }) do
        local none, err = registry.find(bad)
        assert.is_nil(none)
        assert.is_error(err, "Invalid")
    end
end

return { main = main }
