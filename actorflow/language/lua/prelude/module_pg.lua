-- The `pg` module: process groups. Called with (kit) -> module.

local select, pack, unpack = select, table.pack, table.unpack

return function(kit)
  local Instance = kit.class("Groups", {})

  local function released(scope) return nil, kit.invalid("process groups of " .. scope.id .. ": released") end

  local function asking(verb, ...)
    local extra = pack(...)
    return function(scope, what)
      if scope.released then return released(scope) end
      return kit.perform(verb, scope.id, what, unpack(extra, 1, extra.n))
    end
  end

  local function listing(is_local)
    return function(scope)
      if scope.released then return released(scope) end
      return kit.perform("pg.groups", scope.id, is_local)
    end
  end

  local function sending(is_local)
    return function(scope, group, topic, ...)
      if scope.released then return released(scope) end
      local payloads = kit.as_array({...}, select("#", ...))
      return kit.perform("pg.broadcast", scope.id, group, is_local, topic, payloads)
    end
  end

  local function watching(verb, snapshot)
    return function(scope, group)
      if scope.released then return released(scope) end
      local opened, problem = kit.perform(verb, scope.id, group)
      if problem then return nil, problem end
      return kit.subscription(opened.topic), opened[snapshot]
    end
  end

  kit.methods(Instance, {
    join = asking("pg.join"),
    leave = asking("pg.leave"),
    get_members = asking("pg.members", false),
    get_local_members = asking("pg.members", true),
    which_groups = listing(false),
    which_local_groups = listing(true),
    broadcast = sending(false),
    broadcast_local = sending(true),
    monitor = watching("pg.monitor", "members"),
    events = function(scope)
      if scope.released then return released(scope) end
      local opened, problem = kit.perform("pg.events", scope.id)
      if problem then return nil, problem end
      return kit.subscription(opened.topic), opened.groups
    end,
    release = function(scope)
      scope.released = true
      return true
    end,
  })

  return {
    open = function(id)
      local ok, problem = kit.perform("pg.open", id)
      if not ok then return nil, problem end
      return kit.object(Instance, {id = id, released = false})
    end,
  }
end
