local assert = require("assert")
local json = require("json")

local function main()
    local schema = {
        type = "object",
        properties = { name = { type = "string", minLength = 1 }, age = { type = "integer", minimum = 0 }, tags = { type = "array" } },
        required = { "name" },
    }

    local ok, err = json.validate(schema, { name = "ada", age = 36, tags = {} })
    assert.is_true(ok)
    assert.no_error(err)
    for _, case in ipairs({ { { age = 5 }, "name" }, { { name = 5 }, "name" }, { { name = "x", age = -1 }, "age" }, { "text", "object" } }) do
        ok, err = json.validate(schema, case[1])
        assert.is_false(ok)
        assert.is_error(err, errors.INVALID)
        assert.error_contains(err, case[2])
        assert.is_false(err:retryable())
    end
    ok, err = json.validate({ type = "nonsense" }, {})
    assert.is_false(ok)
    assert.is_error(err, errors.INVALID)
    ok = json.validate({ type = "object" }, {})
    assert.is_true(ok, "an empty table may be an object")
    ok = json.validate({ type = "array" }, {})
    assert.is_true(ok, "and an array")
    return true
end

return { main = main }
