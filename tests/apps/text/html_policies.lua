local assert = require("assert")
local html = require("html")

local function main()
    local policy = html.sanitize.new_policy()
    assert.eq(policy:sanitize("<p>x</p>"), "x")
    policy:allow_elements("p", "a"):allow_attrs("href"):on_elements("a")
    policy:allow_attrs("class"):matching("^[a-z]+$"):globally()
    policy:allow_url_schemes("https"):require_noreferrer_on_links(true)
    assert.eq(policy:sanitize('<p class="big">x</p><p class="A1">y</p>'), '<p class="big">x</p><p>y</p>')
    assert.eq(policy:sanitize('<a href="https://x/">1</a>'), '<a href="https://x/" rel="noreferrer">1</a>')
    assert.eq(policy:sanitize('<a href="http://x/">1</a><a href="/x">2</a>'), '<a rel="noreferrer">1</a><a rel="noreferrer">2</a>')
    policy:allow_relative_urls(true)
    assert.eq(policy:sanitize('<a href="/x">2</a>'), '<a href="/x" rel="noreferrer">2</a>')
    local tables = html.sanitize.new_policy():allow_tables():allow_lists():allow_images():allow_standard_attributes()
    assert.contains(tables:sanitize('<table><tr><td colspan="2" style="x">a'), '<td colspan="2">a</td>')
    local bad, err = policy:allow_attrs("x"):matching("(")
    assert.is_nil(bad)
    assert.is_error(err, errors.INVALID)
    assert.throws(function() policy:allow_elements(5) end, "expected names")
    return true
end

return { main = main }
