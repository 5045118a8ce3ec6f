-- The `uuid` module. Random bytes are drawn from the process's source, so a durable run records them.
-- Called with (kit, _, core) -> module; gives kit.uuid4.

local next = next

return function(kit, _, core)
  local pure, uuid = kit.pure, {}

  for _, name in next, {"v3", "v5"} do
    uuid[name] = function(space, text) return pure("uuid." .. name, space, text) end
  end
  for _, name in next, {"version", "variant", "parse"} do
    uuid[name] = function(text) return pure("uuid." .. name, text) end
  end
  function uuid.v1() return pure("uuid.v1", core.now(), core.draw("random", 8)) end
  function uuid.v4() return pure("uuid.v4", core.draw("uuid4", 16)) end
  function uuid.v7() return pure("uuid.v7", core.now(), core.draw("uuid7", 10)) end
  function uuid.validate(value) return kit.type(value) == "string" and pure("uuid.validate", value) end
  function uuid.format(text, form) return pure("uuid.format", text, form) end
  kit.uuid4 = uuid.v4
  return uuid
end
