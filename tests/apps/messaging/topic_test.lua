local assert = require("assert")
local time = require("time")

local HOST = "app.messaging:host"

local function take(ch, what)
  local result = channel.select{ch:case_receive(), time.after("30s"):case_receive()}
  assert.eq(result.channel, ch, "no " .. what .. " in half a minute")
  return result.value
end

local function nothing_in(ch)
  return channel.select{ch:case_receive(), default = true}.default == true
end

local function me(topic, ...) return process.send(process.pid(), topic, ...) end

local function inbox_yields_messages()
  local inbox = process.inbox()
  me("a", 1)
  local msg = take(inbox, "message")
  assert.eq(msg:topic(), "a")
end

local function same_channel_each_time()
  assert.eq(process.inbox(), process.inbox())
  assert.eq(process.events(), process.events())
  assert.eq(process.listen("x"), process.listen("x"))
  assert.neq(process.listen("x"), process.listen("y"))
  assert.neq(process.inbox(), process.events())
end

local function listen_yields_values()
  local values = process.listen("v")
  me("v")
  me("v", 1)
  me("v", 1, 2, 3)
  me("v", {one = 1})
  assert.is_nil(take(values, "value"))
  assert.eq(take(values, "value"), 1)
  assert.same(take(values, "value"), {1, 2, 3})
  assert.eq(take(values, "value").one, 1)
end

local function listen_for_messages()
  local values = process.listen("v", {message = true})
  me("v", 1)
  local msg = take(values, "message")
  assert.eq(msg:topic(), "v")
  assert.eq(msg:from(), process.pid())
  assert.eq(msg:payload():data(), 1)
end

local function message_mode_stays()
  local values = process.listen("v")
  assert.eq(process.listen("v", {message = true}), values)
  me("v", 1)
  assert.eq(take(values, "message"):topic(), "v")
  assert.eq(process.listen("v"), values)
  me("v", 2)
  assert.eq(take(values, "message"):payload():data(), 2)
end

local function exact_topics_only()
  local inbox, values = process.inbox(), process.listen("order")
  me("orders", 1)
  me("order.*", 2)
  me("order", 3)
  assert.eq(take(values, "value"), 3)
  assert.eq(take(inbox, "message"):topic(), "orders")
  assert.eq(take(inbox, "message"):topic(), "order.*")
  local stars = process.listen("*")
  me("anything", 1)
  assert.ok(nothing_in(stars))
end

local function bad_topics()
  for _, topic in ipairs({"", "@pid/inbox", "@pid/events", "@x"}) do
    local ch, err = process.listen(topic)
    assert.is_nil(ch)
    assert.is_error(err, errors.INVALID)
  end
end

local function unlisten_closes()
  local inbox, values = process.inbox(), process.listen("v")
  local ok, err = process.unlisten(values)
  assert.eq(ok, true)
  assert.is_nil(err)
  local value, open = values:receive()
  assert.is_nil(value)
  assert.eq(open, false)
  me("v", 1)
  assert.eq(take(inbox, "message"):topic(), "v")
  assert.neq(process.listen("v"), values)
end

local function unlisten_of_another()
  local ok, err = process.unlisten(channel.new(1))
  assert.eq(ok, false)
  assert.has_error(err)
  local values = process.listen("v")
  process.unlisten(values)
  ok, err = process.unlisten(values)
  assert.eq(ok, false)
  assert.has_error(err)
end

local function binds_an_existing_channel()
  local ch = channel.new(4)
  assert.ok(subscribe("mine", ch))
  me("mine", 1)
  me("mine", 2)
  assert.eq(take(ch, "value"), 1)
  assert.eq(take(ch, "value"), 2)
  assert.ok(unsubscribe(ch))
  local inbox = process.inbox()
  me("mine", 3)
  assert.eq(take(inbox, "message"):topic(), "mine")
  assert.ok(ch:send("still open"))
end

local function one_channel_a_topic()
  subscribe("mine", channel.new(1))
  local ok, err = subscribe("mine", channel.new(1))
  assert.is_nil(ok)
  assert.has_error(err)
end

local function listener_before_inbox()
  local inbox, values = process.inbox(), process.listen("v")
  me("v", 1)
  me("w", 2)
  assert.eq(take(inbox, "message"):topic(), "w")
  assert.ok(nothing_in(inbox))
  assert.eq(take(values, "value"), 1)
end

local function kept_until_somebody_listens()
  me("early", 1)
  me("early", 2)
  me("other", 3)
  local values = process.listen("early")
  assert.eq(values:receive(), 1)
  assert.eq(values:receive(), 2)
  local inbox = process.inbox()
  assert.eq(take(inbox, "message"):topic(), "other")
end

local function there_before_listen_returns()
  me("early", "x")
  local values = process.listen("early")
  local result = channel.select{values:case_receive(), default = true}
  assert.eq(result.value, "x")
end

local function routed_when_delivered()
  local inbox = process.inbox()
  me("x", 1)
  me("y", 2)
  local values = process.listen("x")
  assert.eq(take(values, "value"), 1)
  assert.eq(take(inbox, "message"):topic(), "y")
end

local function a_busy_channel_is_overtaken()
  local slow, fast = process.listen("slow"), process.listen("fast")
  for i = 1, 3 do me("slow", i) end
  me("fast", "first")
  assert.eq(take(fast, "value"), "first")
  for i = 1, 3 do assert.eq(take(slow, "value"), i) end
end

local function the_inbox_opens_late()
  local topics, ready = process.listen("topics"), process.listen("ready")
  local pid = process.spawn("app.messaging:late_inbox", HOST, process.pid())
  take(ready, "ready")
  process.send(pid, "a")
  process.send(pid, "b")
  process.send(pid, "go")
  process.send(pid, "c")
  local got = take(topics, "topics")
  assert.eq(table.concat(got, " "), "a b c")
end

local function events_never_fall_back()
  local inbox = process.inbox()
  local pid = process.spawn_monitored("app.messaging:ends_at_once", HOST)
  time.sleep("10ms")
  assert.ok(nothing_in(inbox))
  local event = take(process.events(), "EXIT")
  assert.eq(event.from, pid)
end

local function subscriptions_end_with_the_call()
  local values = process.listen("left over")
  local n = #tostring(values)
  assert.gt(n, 0)
  return process.pid()
end

local function not_seen_by_the_next_call()
  local funcs = require("funcs")
  local first = funcs.call("app.messaging:topic_subscriptions_end_with_the_call")
  local second = funcs.call("app.messaging:topic_subscriptions_end_with_the_call")
  assert.neq(first, second)
  assert.is_nil((process.send(first, "left over", 1)))
end

return {
  inbox_yields_messages = inbox_yields_messages, same_channel_each_time = same_channel_each_time,
  listen_yields_values = listen_yields_values, listen_for_messages = listen_for_messages,
  message_mode_stays = message_mode_stays, exact_topics_only = exact_topics_only, bad_topics = bad_topics,
  unlisten_closes = unlisten_closes, unlisten_of_another = unlisten_of_another,
  binds_an_existing_channel = binds_an_existing_channel, one_channel_a_topic = one_channel_a_topic,
  listener_before_inbox = listener_before_inbox, kept_until_somebody_listens = kept_until_somebody_listens,
  there_before_listen_returns = there_before_listen_returns, routed_when_delivered = routed_when_delivered,
  a_busy_channel_is_overtaken = a_busy_channel_is_overtaken, the_inbox_opens_late = the_inbox_opens_late,
  events_never_fall_back = events_never_fall_back, subscriptions_end_with_the_call = subscriptions_end_with_the_call,
  not_seen_by_the_next_call = not_seen_by_the_next_call,
}
