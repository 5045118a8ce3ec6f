local assert = require("assert")
local time = require("time")
local funcs = require("funcs")

local function refuses(t, key, message)
  local err = assert.throws(function() t[key] = function() end end, nil, message)
  assert.not_nil(err)
end

local function module_tables()
  local modules = {process = process, channel = channel, errors = errors, time = time, funcs = funcs, payload = payload}
  for name, module in pairs(modules) do refuses(module, "new_function", name) end
  refuses(process, "send", "an existing function")
  refuses(process.registry, "register", "a nested table")
  refuses(process.event, "EXIT", "constants")
end

local function standard_libraries()
  for name, library in pairs({string = string, table = table, math = math, os = os, coroutine = coroutine}) do
    refuses(library, "mine", name)
  end
end

local function a_global_of_the_same_name()
  local before = string.upper
  string = {upper = "shadowed"} -- a global of this state, nobody else's
  assert.eq(string.upper, "shadowed")
  string = nil
  assert.eq(("x"):upper(), "X")
  assert.not_nil(before)
end

local function freeze()
  local t = table.freeze({a = 1, list = {1, 2}})
  assert.eq(t.a, 1)
  assert.throws(function() t.a = 2 end)
  assert.throws(function() t.b = 2 end)
  assert.eq(t.a, 1)
  assert.is_nil(t.b)
end

local function is_frozen()
  assert.eq(table.isfrozen(table.freeze({})), true)
  assert.eq(table.isfrozen({}), false)
  assert.eq(table.isfrozen(process), true)
  assert.eq(table.isfrozen(string), true)
end

local function frozen_tables_cross()
  local got = funcs.call("app.values:echo", table.freeze({a = {b = 1}, list = {1, 2, 3}}))
  assert.eq(got.a.b, 1)
  assert.eq(#got.list, 3)
  got.a = 2
  assert.eq(got.a, 2)
end

local function frozen_tables_read_as_usual()
  local t = table.freeze({10, 20, 30, name = "n"})
  assert.eq(#t, 3)
  local sum = 0
  for _, v in ipairs(t) do sum = sum + v end
  assert.eq(sum, 60)
  local keys = 0
  for _ in pairs(t) do keys = keys + 1 end
  assert.eq(keys, 4)
end

return {
  module_tables = module_tables, standard_libraries = standard_libraries,
  a_global_of_the_same_name = a_global_of_the_same_name, freeze = freeze, is_frozen = is_frozen,
  frozen_tables_cross = frozen_tables_cross, frozen_tables_read_as_usual = frozen_tables_read_as_usual,
}
