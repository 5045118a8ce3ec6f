local assert = require("assert")
local kit = require("kit")
local uuid = require("uuid")

local function sleeping()
  assert.gte(kit.run("sleeps", "20ms"), 19)
  assert.lt(kit.run("sleeps", "0s"), 10000)
  local _, err = kit.exec("sleeps", "soon")
  assert.is_error(err, errors.INVALID)
end

local function the_clock_stands_still()
  local seen = kit.run("clocks")
  assert.is_true(seen.still)
  assert.is_true(seen.moved)
  assert.is_true(seen.os_time)
  assert.is_true(seen.date)
  assert.is_true(seen.clock)
end

local function timers()
  local seen = kit.run("timers")
  assert.is_true(seen.stopped)
  assert.is_false(seen.again)
  assert.eq(seen.fired, "userdata")
  assert.is_false(seen.late_stop)
  assert.eq(seen.after, "userdata")
  assert.eq(seen.bad, "Invalid")
end

local function tickers()
  local seen = kit.run("ticks", 4)
  assert.eq(seen.count, 4)
  assert.gte(seen.ms, 7)
end

local function values_are_drawn()
  local one, two = kit.run("drawn"), kit.run("drawn")
  for _, name in ipairs({"v1", "v4", "v7", "other", "secret"}) do
    assert.is_true(uuid.validate(one[name]), name)
    assert.neq(one[name], two[name], name)
  end
  assert.neq(one.v4, one.other)
  assert.len(one.text, 12)
  assert.neq(one.text, two.text)
  assert.eq(one.v5, two.v5)
  assert.eq(one.sha, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  assert.eq(one.bytes, 9)
end

local function what_was_drawn_stays()
  local first = process.listen("first")
  local pid, err = process.spawn_monitored("app.workflows:repeatable", kit.WORKER, process.pid())
  assert.no_error(err)
  local told = kit.take(first, "first")
  process.send(pid, "go")
  assert.same(kit.exit(pid).value, told)
end

return {
  sleeping = sleeping, the_clock_stands_still = the_clock_stands_still, timers = timers, tickers = tickers, values_are_drawn = values_are_drawn,
  what_was_drawn_stays = what_was_drawn_stays,
}
