local assert = require("assert")
local security = require("security")

local function main()
    local clerks = assert(security.named_scope("clerks"))
    assert.is_true(clerks:contains("app.security:call_helpers"))
    assert.is_true(clerks:contains("app.security:no_secrets"))
    assert.is_false(clerks:contains("app.security:everything"))
    assert.eq(#clerks:policies(), 2)
    assert.eq(#security.named_scope("app.security:clerks"):policies(), 2, "a group by its full name")
    assert.eq(#security.named_scope("app.security:services"):policies(), 1)
    assert.eq(#security.named_scope("services"):policies(), 1, "a full name from its own namespace")
    local none, err = security.named_scope("clerk")
    assert.is_nil(none)
    assert.is_error(err, "NotFound")
    assert.contains(err:message(), "did you mean 'clerks'?")
end

return { main = main }
