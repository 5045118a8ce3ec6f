-- The `queue` module. Called with (kit) -> module.

local type, next = type, next

return function(kit)
  local Delivery = kit.class("queue.Message", {})

  kit.methods(Delivery, {
    id = function(held) return held.id end,
    header = function(held, name)
      if type(name) ~= "string" then return nil, kit.invalid("message:header: expected text, got " .. kit.type(name)) end
      return held.headers[name]
    end,
    headers = function(held)
      local copy = {}
      for name, value in next, held.headers do copy[name] = value end
      return copy
    end,
    attempts = function(held) return held.attempts end,
    ack = function(held) return kit.perform("queue.settle", held.delivery, "ack") end,
    nack = function(held) return kit.perform("queue.settle", held.delivery, "nack") end,
  })

  return {
    publish = function(id, data, headers) return kit.perform("queue.publish", id, data, headers) end,
    message = function()
      local held, problem = kit.perform("queue.message")
      if problem then return nil, problem end
      return kit.object(Delivery, held)
    end,
    info = function(id) return kit.perform("queue.info", id) end,
  }
end
