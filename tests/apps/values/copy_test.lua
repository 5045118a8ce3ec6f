local assert = require("assert")
local time = require("time")
local funcs = require("funcs")

local HOST = "app.values:host"

local function take(ch, what)
  local result = channel.select{ch:case_receive(), time.after("30s"):case_receive()}
  assert.eq(result.channel, ch, "no " .. what .. " in half a minute")
  return result.value
end

local function echoed(value)
  local got, err = funcs.call("app.values:echo", value)
  assert.is_nil(err)
  return got
end

local function scalars()
  for _, value in ipairs({true, false, 0, -1, 2^53, 0.5, -1e300, "", "text", "ünïcode", math.maxinteger, math.mininteger}) do
    local got = echoed(value)
    assert.eq(got, value)
    assert.eq(math.type(got), math.type(value))
  end
  assert.is_nil(echoed(nil))
end

local function bytes()
  local raw = "\0\1\2\255\254"
  assert.eq(echoed(raw), raw)
  assert.eq(#echoed(raw), 5)
end

local function integers_and_floats()
  assert.eq(math.type(echoed(1)), "integer")
  assert.eq(math.type(echoed(1.0)), "float")
  assert.eq(math.type(echoed({n = 2.0}).n), "float")
end

local function tables_in_depth()
  local value = {list = {1, 2, {3}}, map = {a = {b = {c = "deep"}}}, mixed = {[1] = "x", [10] = "y"}}
  assert.same(echoed(value), value)
end

local function caller_keeps_its_table()
  local value = {inner = {}}
  local got = funcs.call("app.values:changes", value)
  assert.eq(got.changed, true)
  assert.eq(got.inner.changed, true)
  assert.is_nil(value.changed)
  assert.is_nil(value.inner.changed)
end

local function sent_tables_are_copies()
  local told, value = process.listen("told"), {n = 1}
  process.spawn("app.values:tell", HOST, process.pid(), value)
  value.n = 2
  local got = take(told, "answer")
  assert.eq(got.n, 1)
  assert.is_nil(value.changed)
end

local function copied_when_sent()
  local inbox, value = process.listen("x"), {n = 1}
  process.send(process.pid(), "x", value)
  value.n = 2
  local got = take(inbox, "message")
  assert.eq(got.n, 1)
  got.n = 3
  assert.eq(value.n, 2)
end

local function spawner_copies()
  local told, value = process.listen("told"), {n = 1}
  local spawner = process.with_context({}):with_message("m", value)
  value.n = 2
  spawner:spawn("app.values:first_message", HOST, process.pid())
  local got = take(told, "answer")
  assert.eq(got.n, 1)
  assert.is_nil(value.changed)
  process.with_context({}):spawn("app.values:tell", HOST, process.pid(), value)
  assert.eq(take(told, "answer").n, 2)
  assert.is_nil(value.changed)
end

local function context_is_copied()
  local values = {list = {1}}
  local spawner = process.with_context(values)
  values.list[1] = 2
  values.more = true
  local got = spawner:exec("app.values:context", HOST)
  assert.is_nil(got.more)
  assert.eq(got.list[1], 1)
end

local function shared_parts_come_apart()
  local shared = {n = 1}
  local got = echoed({a = shared, b = shared})
  assert.eq(got.a.n, 1)
  assert.eq(got.b.n, 1)
end

local function cycles_are_refused()
  local value = {}
  value.itself = value
  local got, err = funcs.call("app.values:echo", value)
  assert.is_nil(got)
  assert.is_error(err, errors.INVALID)
  assert.error_contains(err, "cycle")
  local ok
  ok, err = process.send(process.pid(), "x", value)
  assert.is_nil(ok)
  assert.is_error(err, errors.INVALID)
end

local function functions_are_refused()
  for _, value in ipairs({print, {f = function() end}}) do
    local got, err = funcs.call("app.values:echo", value)
    assert.is_nil(got)
    assert.is_error(err, errors.INVALID)
    assert.error_contains(err, "a function")
  end
  local pid, err = process.spawn("app.values:echo_process", HOST, function() end)
  assert.is_nil(pid)
  assert.is_error(err, errors.INVALID)
end

local function metatables_stay_behind()
  local value = setmetatable({n = 1}, {__index = {hidden = true}, __tostring = function() return "mine" end})
  local got = echoed(value)
  assert.eq(got.n, 1)
  assert.is_nil(got.hidden)
  assert.is_nil(getmetatable(got))
end

local function userdata_becomes_nil()
  local kinds = funcs.call("app.values:count", channel.new(1), "x", time.now(), 1)
  assert.same(kinds, {"nil", "string", "nil", "number"})
  local got = funcs.call("app.values:with_channel")
  assert.is_nil(got.channel)
  assert.eq(got.text, "stays")
end

local function errors_stay_errors()
  local err = echoed(errors.new({message = "m", kind = errors.TIMEOUT, retryable = false, details = {a = 1}}))
  assert.eq(type(err), "userdata")
  assert.is_error(err, errors.TIMEOUT)
  assert.eq(err:message(), "m")
  assert.eq(err:retryable(), false)
  assert.eq(err:details().a, 1)
  local inner = echoed({why = errors.new("plain")}).why
  assert.eq(inner:kind(), errors.INTERNAL)
  local value, none = funcs.call("app.values:an_error")
  assert.is_nil(none)
  assert.is_error(value, errors.CONFLICT)
  assert.eq(value:details().a.b, 1)
end

local function several_and_nil_arguments()
  assert.same(funcs.call("app.values:count", nil, nil, 1), {"nil", "nil", "number"})
  assert.same(funcs.call("app.values:count"), {})
end

local function empty_tables()
  local got = echoed({list = {}, deep = {{}}})
  assert.eq(type(got.list), "table")
  assert.eq(#got.deep, 1)
  assert.is_nil(next(got.list))
end

local function sequences_with_holes()
  local got = echoed({[1] = "a", [3] = "c"})
  assert.eq(got[1], "a")
  assert.is_nil(got[2])
  assert.eq(got[3], "c")
end

local function too_deep()
  local value = {}
  for _ = 1, 100 do value = {value} end
  local got, err = funcs.call("app.values:echo", value)
  assert.is_nil(got)
  assert.is_error(err, errors.INVALID)
  assert.error_contains(err, "nesting")
end

local function strange_keys()
  for _, key in ipairs({true, 1.5}) do
    local got, err = funcs.call("app.values:echo", {[key] = 1})
    assert.is_nil(got)
    assert.is_error(err, errors.INVALID)
    assert.error_contains(err, "key")
  end
end

return {
  scalars = scalars, bytes = bytes, integers_and_floats = integers_and_floats, tables_in_depth = tables_in_depth,
  caller_keeps_its_table = caller_keeps_its_table, sent_tables_are_copies = sent_tables_are_copies,
  copied_when_sent = copied_when_sent, spawner_copies = spawner_copies, context_is_copied = context_is_copied,
  shared_parts_come_apart = shared_parts_come_apart, cycles_are_refused = cycles_are_refused,
  functions_are_refused = functions_are_refused, metatables_stay_behind = metatables_stay_behind,
  userdata_becomes_nil = userdata_becomes_nil, errors_stay_errors = errors_stay_errors,
  several_and_nil_arguments = several_and_nil_arguments, empty_tables = empty_tables,
  sequences_with_holes = sequences_with_holes, too_deep = too_deep, strange_keys = strange_keys,
}
