local assert = require("assert")
local store = require("store")

local function refused(kind, id)
    local s, err = store.get(id)
    assert.is_nil(s)
    assert.is_error(err, kind)
    return err
end

local function main()
    assert.is_false(refused(errors.INVALID, ""):retryable())
    refused(errors.INVALID, nil)
    refused(errors.INVALID, 7)
    refused(errors.INVALID, {})
    assert.is_false(refused(errors.NOT_FOUND, "app.store:nowhere"):retryable())
    refused(errors.NOT_FOUND, "nowhere")
    assert.error_contains(refused(errors.NOT_FOUND, "app.store:cash"), "app.store:cache")
    assert.error_contains(refused(errors.INVALID, "app.store:db"), "db.sql.sqlite")
    refused(errors.INVALID, "app.store:writer")
    assert.error_contains(refused(errors.UNAVAILABLE, "app.store:stopped"), "auto_start")
    return true
end

return { main = main }
