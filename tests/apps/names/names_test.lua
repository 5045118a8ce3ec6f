local assert = require("assert")
local time = require("time")

local HOST = "app.names:host"
local names = process.registry

local function take(ch, what)
  local result = channel.select{ch:case_receive(), time.after("30s"):case_receive()}
  assert.eq(result.channel, ch, "no " .. what .. " in half a minute")
  return result.value
end

local function waiting() return process.spawn("app.names:waits", HOST) end

local function own_pid()
  local ok, err = names.register("names.own")
  assert.eq(ok, true)
  assert.is_nil(err)
  assert.eq(names.lookup("names.own"), process.pid())
end

local function given_pid()
  local pid = waiting()
  assert.eq(names.register("names.given", pid), true)
  assert.eq(names.lookup("names.given"), pid)
end

local function unknown_name()
  local pid, err = names.lookup("names.unknown")
  assert.is_nil(pid)
  assert.is_error(err, errors.NOT_FOUND)
  assert.error_contains(err, "name not registered")
end

local function unregistered()
  names.register("names.dropped")
  assert.eq(names.unregister("names.dropped"), true)
  assert.is_nil((names.lookup("names.dropped")))
  assert.eq(names.unregister("names.dropped"), false)
end

local function constants()
  assert.eq(names.LOCAL, 0)
  assert.eq(names.EVENTUAL, 1)
  assert.eq(names.CONSISTENT, 2)
  assert.eq(names.STRONG, 3)
end

local function scopes()
  assert.eq(names.register("names.local", nil, names.LOCAL), true)
  assert.eq(names.unregister("names.local", names.LOCAL), true)
  for _, scope in ipairs({names.EVENTUAL, names.CONSISTENT, names.STRONG}) do
    local ok, err = names.register("names.scoped", process.pid(), scope)
    assert.is_nil(ok)
    assert.is_error(err, errors.INTERNAL)
    assert.error_contains(err, "registry not available")
  end
end

local function same_pair_again()
  assert.ok(names.register("names.again"))
  assert.eq(names.register("names.again"), true)
  assert.eq(names.register("names.again", process.pid()), true)
end

local function taken()
  names.register("names.taken")
  local ok, err = names.register("names.taken", waiting())
  assert.is_nil(ok)
  assert.is_error(err, errors.ALREADY_EXISTS)
  assert.error_contains(err, "name already registered")
  assert.eq(names.lookup("names.taken"), process.pid())
end

local function freed_on_exit()
  local events = process.events()
  local pid = process.spawn_monitored("app.names:waits", HOST)
  names.register("names.freed", pid)
  names.register("names.freed.too", pid)
  process.send(pid, "go")
  take(events, "EXIT")
  assert.is_nil((names.lookup("names.freed")))
  assert.is_nil((names.lookup("names.freed.too")))
  assert.eq(names.register("names.freed"), true)
end

local function freed_on_terminate()
  local events = process.events()
  local pid = process.spawn_monitored("app.names:waits", HOST)
  names.register("names.killed", pid)
  process.terminate(pid)
  take(events, "EXIT")
  assert.is_nil((names.lookup("names.killed")))
end

local function many_names()
  local registered = process.listen("registered")
  local pid = process.spawn("app.names:registers", HOST, process.pid(), "names.a", "names.b", "names.c")
  assert.same(take(registered, "answer"), {true, true, true})
  for _, name in ipairs({"names.a", "names.b", "names.c"}) do assert.eq(names.lookup(name), pid) end
  names.unregister("names.b")
  assert.eq(names.lookup("names.c"), pid)
end

local function no_owner_check()
  names.register("names.loose")
  assert.eq(process.exec("app.names:drops", HOST, "names.loose"), true)
  assert.is_nil((names.lookup("names.loose")))
end

local function foreign_pid()
  local pid = waiting()
  assert.ok(names.register("names.foreign", pid))
  assert.ok(process.send("names.foreign", "go"))
end

local function of_the_dead()
  local ok, err = names.register("names.dead", "{local@" .. HOST .. "|0xfffff}")
  assert.is_nil(ok)
  assert.is_error(err, errors.NOT_FOUND)
end

local function bad_arguments()
  for _, name in ipairs({"", 7, {}}) do
    local ok, err = names.register(name)
    assert.is_nil(ok)
    assert.is_error(err, errors.INVALID)
  end
  local pid, err = names.lookup("")
  assert.is_nil(pid)
  assert.is_error(err, errors.INVALID)
end

local function ended_by_the_call()
  names.register("names.of.a.call")
end

local function free_after_the_call()
  local funcs = require("funcs")
  local _, err = funcs.call("app.names:ended_by_the_call")
  assert.is_nil(err)
  _, err = funcs.call("app.names:ended_by_the_call")
  assert.is_nil(err)
  assert.is_nil((names.lookup("names.of.a.call")))
end

return {
  own_pid = own_pid, given_pid = given_pid, unknown_name = unknown_name, unregistered = unregistered, constants = constants,
  scopes = scopes, same_pair_again = same_pair_again, taken = taken, freed_on_exit = freed_on_exit,
  freed_on_terminate = freed_on_terminate, many_names = many_names, no_owner_check = no_owner_check,
  foreign_pid = foreign_pid, of_the_dead = of_the_dead, bad_arguments = bad_arguments, ended_by_the_call = ended_by_the_call,
  free_after_the_call = free_after_the_call,
}
