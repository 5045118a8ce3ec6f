-- Subscriptions at the node: objects with a channel on which events arrive. Called with (kit, sys); gives kit.subscription.

local type = type

return function(kit, sys)
  local ROOM <const> = 64
  local Subscription = kit.class("Subscription", {})

  -- The subscription of a topic that an operation has opened.
  function kit.subscription(topic)
    local ok, channel = sys(41, topic, ROOM)
    if not ok then kit.error(channel) end
    return kit.object(Subscription, {topic = topic, channel = channel})
  end

  local function drain(channel)
    local one = {channel:case_receive()}
    repeat local chosen = kit.select(one, true) until chosen.default or not chosen.ok
  end

  kit.methods(Subscription, {
    channel = function(parts) return parts.channel end,
    -- What is buffered stays receivable, but with `flush`; what waits in the mailbox behind it is dropped.
    close = function(parts, options)
      kit.perform("subscription.close", parts.topic)
      if type(options) == "table" and options.flush then drain(parts.channel) end
      parts.channel:close()
      return true
    end,
  })
end
