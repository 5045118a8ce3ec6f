local assert = require("assert")
local json = require("json")

local function main()
    local schema = {
        type = "object",
        properties = { name = { type = "string", minLength = 1 }, age = { type = "integer", minimum = 0 }, tags = { type = "array" } },
        required = { "name" },
    }

    assert.is_true(json.validate_string(schema, '{"name": "ada"}'))
    local ok, err = json.validate_string(schema, '{"name": ""}')
    assert.is_false(ok)
    assert.is_error(err, errors.INVALID)
    ok, err = json.validate_string(json.encode(schema), '{"age": 1}')
    assert.is_false(ok)
    assert.error_contains(err, "name")
    ok, err = json.validate_string(schema, "{")
    assert.is_false(ok)
    assert.is_error(err, errors.INVALID)
    ok, err = json.validate_string(schema, 5)
    assert.is_false(ok)
    assert.is_error(err, errors.INVALID)
    return true
end

return { main = main }
