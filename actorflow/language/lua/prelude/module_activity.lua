-- The `activity` module: what a function can tell and know about its call. Called with (kit) -> module.

return function(kit)
  return {
    heartbeat = function(details) return kit.perform("activity.heartbeat", details) end,
    heartbeat_details = function()
      local info, problem = kit.perform("activity.info")
      if problem then return nil, problem end
      return info.heartbeat
    end,
    info = function() return kit.perform("activity.info") end,
  }
end
