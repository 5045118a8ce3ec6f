-- The `events` module. Called with (kit) -> module.

return function(kit)
  return {
    subscribe = function(system, kind)
      local topic, problem = kit.perform("events.subscribe", system, kind)
      if problem then return nil, problem end
      return kit.subscription(topic)
    end,
    send = function(system, kind, path, data) return kit.perform("events.send", system, kind, path, data) end,
  }
end
