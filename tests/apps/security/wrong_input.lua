local assert = require("assert")
local security = require("security")

local function main()
    local function refused(kind, part, nothing, err)
        assert.is_nil(nothing)
        assert.is_error(err, kind)
        assert.contains(err:message(), part)
    end
    refused("NotFound", "did you mean 'app.security:everything'?", security.policy("app.security:everythin"))
    refused("Invalid", "expected a security.policy", security.policy("app.security:whoami"))
    refused("Invalid", "non-empty", security.policy(""))
    refused("NotFound", "app.security:tokenz", security.token_store("app.security:tokenz"))
    refused("Invalid", "expected a security.token_store", security.token_store("app.security:everything"))
    refused("Invalid", "expected the id", security.token_store())
    refused("Invalid", "non-empty", security.named_scope(""))
end

return { main = main }
