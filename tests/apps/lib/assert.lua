-- Assertions for tests: each raises at the line that called it. Calling the library itself is Lua's own `assert`.

local json = require("json")
local plain_assert = assert

local M = {}

local function shown(value)
    if type(value) == "string" then return string.format("%q", value) end
    if type(value) == "table" then
        local ok, text = pcall(json.encode, value)
        if ok and text then return text end
    end
    return tostring(value) .. " (" .. type(value) .. ")"
end

local function fail(message, text)
    error((message and tostring(message) .. ": " or "") .. text, 3)
end

local function same(a, b)
    if a == b then return true end
    if type(a) ~= "table" or type(b) ~= "table" then return false end
    for k, v in pairs(a) do
        if not same(v, b[k]) then return false end
    end
    for k in pairs(b) do
        if a[k] == nil then return false end
    end
    return true
end

function M.eq(got, expected, message)
    if got ~= expected then fail(message, "expected " .. shown(expected) .. ", got " .. shown(got)) end
end

function M.neq(got, unexpected, message)
    if got == unexpected then fail(message, "expected anything but " .. shown(unexpected)) end
end

-- Equal in depth: the same keys with the same values.
function M.same(got, expected, message)
    if not same(got, expected) then fail(message, "expected " .. shown(expected) .. ", got " .. shown(got)) end
end

-- Equal up to `margin`.
function M.near(got, expected, margin, message)
    if type(got) ~= "number" or math.abs(got - expected) > margin then
        fail(message, "expected " .. shown(expected) .. " give or take " .. shown(margin) .. ", got " .. shown(got))
    end
end

function M.ok(value, message)
    if not value then fail(message, "expected a value that is true, got " .. shown(value)) end
end

function M.is_true(value, message)
    if value ~= true then fail(message, "expected true, got " .. shown(value)) end
end

function M.is_false(value, message)
    if value ~= false then fail(message, "expected false, got " .. shown(value)) end
end

function M.is_nil(value, message)
    if value ~= nil then fail(message, "expected nil, got " .. shown(value)) end
end

function M.not_nil(value, message)
    if value == nil then fail(message, "expected a value, got nil") end
end

for _, name in ipairs({"string", "number", "table", "function", "boolean", "userdata"}) do
    M["is_" .. name] = function(value, message)
        if type(value) ~= name then fail(message, "expected a " .. name .. ", got " .. shown(value)) end
    end
end

function M.gt(a, b, message)
    if not (a > b) then fail(message, "expected more than " .. shown(b) .. ", got " .. shown(a)) end
end

function M.gte(a, b, message)
    if not (a >= b) then fail(message, "expected at least " .. shown(b) .. ", got " .. shown(a)) end
end

function M.lt(a, b, message)
    if not (a < b) then fail(message, "expected less than " .. shown(b) .. ", got " .. shown(a)) end
end

function M.lte(a, b, message)
    if not (a <= b) then fail(message, "expected at most " .. shown(b) .. ", got " .. shown(a)) end
end

-- A piece of text, or an element of a list.
function M.contains(whole, part, message)
    if type(whole) == "string" or type(whole) == "userdata" then
        if string.find(whole, part, 1, true) then return end
    elseif type(whole) == "table" then
        for _, value in ipairs(whole) do
            if value == part then return end
        end
    end
    fail(message, "expected something with " .. shown(part) .. ", got " .. shown(whole))
end

function M.matches(text, pattern, message)
    if not string.find(text, pattern) then fail(message, "expected " .. shown(pattern) .. ", got " .. shown(text)) end
end

function M.has_key(t, key, message)
    if type(t) ~= "table" or t[key] == nil then fail(message, "expected the key " .. shown(key) .. " in " .. shown(t)) end
end

function M.len(value, expected, message)
    if #value ~= expected then fail(message, "expected a length of " .. shown(expected) .. ", got " .. shown(#value)) end
end

-- ---- errors: values that came second, and what is raised ---------------------------------------------------------

function M.no_error(err, message)
    if err ~= nil then fail(message, "expected no error, got " .. shown(err)) end
end

function M.has_error(err, message)
    if err == nil then fail(message, "expected an error, got nil") end
end

-- An error object of a kind.
function M.is_error(err, kind, message)
    if type(err) ~= "userdata" or type(err.kind) ~= "function" then
        fail(message, "expected an error object, got " .. shown(err))
    end
    if kind ~= nil and err:kind() ~= kind then
        fail(message, "expected an error of kind " .. shown(kind) .. ", got " .. shown(err:kind()) .. ": " .. tostring(err))
    end
end

function M.error_contains(err, part, message)
    if err == nil then fail(message, "expected an error with " .. shown(part) .. ", got nil") end
    if not string.find(tostring(err), part, 1, true) then
        fail(message, "expected an error with " .. shown(part) .. ", got " .. shown(tostring(err)))
    end
end

-- That `fn` raises, something with `part` if that is given; returns what was raised.
function M.throws(fn, part, message)
    local ok, err = pcall(fn)
    if ok then fail(message, "expected it to raise") end
    if part and not string.find(tostring(err), part, 1, true) then
        fail(message, "expected it to raise something with " .. shown(part) .. ", got " .. shown(tostring(err)))
    end
    return err
end

function M.not_throws(fn, message)
    local ok, err = pcall(fn)
    if not ok then fail(message, "expected it not to raise, got " .. shown(tostring(err))) end
end

function M.fail(message)
    error(message or "failed", 2)
end

return setmetatable(M, {
    __call = function(_, ...) return plain_assert(...) end,
})
