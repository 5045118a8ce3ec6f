local assert = require("assert")

local function main()
    local funcs = require("funcs")
    assert.eq(funcs.call("app.trees:through_library"), "[1]")
end

local function one_set()
    assert.eq(require("json"), json)
    assert.eq(json.encode({ 1 }), outer.encode({ 1 }))
    of_entry = "set by the script"
    assert.eq(outer.seen(), "set by the script")
    assert.throws(function() return require("yaml") end)
end

local function entry_modules()
    assert.eq(lib.json({ 2 }), "[2]") -- calls the global `assert`, which this script has replaced for itself
    assert.eq(helper(), "of a library")
    assert.eq(rawget(_G, "helper"), helper)
end

return { main = main, one_set = one_set, entry_modules = entry_modules }
