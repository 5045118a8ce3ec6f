local assert = require("assert")
local html = require("html")

local function main()
    assert.eq(html.sanitize.strict_policy():sanitize("<b>bold</b> text"), "bold text")
    local ugc = html.sanitize.ugc_policy()
    assert.eq(ugc:sanitize('<b onclick="x()">Hi</b><script>alert(1)</script>'), "<b>Hi</b>")
    assert.eq(ugc:sanitize('<a href="javascript:alert(1)">x</a>'), '<a rel="nofollow">x</a>')
    assert.eq(ugc:sanitize('<a href="https://a.b/c">x</a>'), '<a href="https://a.b/c" rel="nofollow">x</a>')
    assert.eq(ugc:sanitize('<img src="x" onerror="y" width="5" height="evil">'), '<img src="x" width="5">')
    assert.eq(ugc:sanitize("<p><i>unclosed"), "<p><i>unclosed</i></p>")
    local clean, err = ugc:sanitize({})
    assert.is_nil(clean)
    assert.is_error(err, errors.INVALID)
    return true
end

return { main = main }
