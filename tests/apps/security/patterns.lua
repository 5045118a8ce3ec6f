local assert = require("assert")
local security = require("security")

local function main()
    local actor = security.new_actor("user-1")
    local scope = security.new_scope({ "app.security:read_documents" })
    local function says(action, resource)
        return scope:evaluate(actor, action, resource)
    end
    assert.eq(says("document.read", "document:1"), "allow")
    assert.eq(says("document.list", "document:"), "allow")
    assert.eq(says("document.write", "document:1"), "undefined")
    assert.eq(says("document.read", "document"), "undefined")
    assert.eq(says("document.read", "a document:1"), "undefined")
    assert.eq(says("document.read", "folder:?"), "allow")
    assert.eq(says("document.read", "folder:a"), "undefined", "only * is a wildcard")
    local all = security.new_scope({ "app.security:everything" })
    assert.eq(all:evaluate(actor, "a.b.c", "x:y/z"), "allow")
    local helpers = security.new_scope({ "app.security:call_helpers" })
    assert.eq(helpers:evaluate(actor, "funcs.call", "app.security:a.b"), "allow")
    assert.eq(helpers:evaluate(actor, "funcs.calls", "app.security:a"), "undefined")
end

return { main = main }
