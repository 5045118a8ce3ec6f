-- The `registry` module: entries, versions and changes. Called with (kit) -> module.
--
-- A snapshot and a version are numbers of versions: the entries of one never change.

local type, next, find, sub = type, next, string.find, string.sub

return function(kit)
  local invalid, perform = kit.invalid, kit.perform
  local Version, Snapshot = kit.class("Version", {}), kit.class("Snapshot", {})
  local Changes, History = kit.class("Changes", {}), kit.class("History", {})

  local function version_object(plain) return kit.object(Version, plain) end
  local function snapshot_object(plain) return kit.object(Snapshot, plain) end

  -- The plain data of a version, or nil and why not.
  local function version_of(value, where)
    if kit.class_of(value) == Version then return kit.data(Version, value, where) end
    if type(value) ~= "number" then
      return nil, invalid(where .. ": expected a version or its number, got " .. kit.type(value))
    end
    return perform("registry.version", value)
  end

  local function versions()
    local list, err = perform("registry.versions")
    if not list then return nil, err end
    for i, plain in next, list do list[i] = version_object(plain) end
    return list
  end
  local function get_version(id)
    local plain, err = version_of(id, "registry.get_version")
    if not plain then return nil, err end
    return version_object(plain)
  end
  local function snapshot_at(version)
    local plain, err = version_of(version, "registry.snapshot_at")
    if not plain then return nil, err end
    return snapshot_object(plain)
  end

  kit.methods(Version, {
    id = function(version) return version.id end,
    previous = function(version)
      if version.previous == 0 then return nil end
      return get_version(version.previous)
    end,
    string = function(version) return "v" .. version.id end,
  })
  kit.methods(History, {
    versions = versions,
    get_version = function(_, id) return get_version(id) end,
    snapshot_at = function(_, version) return snapshot_at(version) end,
  })

  -- ---- changes -------------------------------------------------------------------------------------------------------

  local function id_of(value)
    if type(value) == "table" and not kit.class_of(value) then
      if value.id ~= nil then return id_of(value.id) end
      if kit.is_text(value.ns) and kit.is_text(value.name) then value = value.ns .. ":" .. value.name end
    end
    if kit.is_text(value) and find(value, "^[^:]+:.") then return value end
  end

  local function copied(entry, id)
    local plain = kit.decode(kit.encode({kind = entry.kind, meta = entry.meta, data = entry.data}, "entry"))
    plain.id = id
    return plain
  end

  local function adding(verb)
    return function(self, entry)
      local changes = kit.data(Changes, self, verb)
      local id = id_of(entry)
      if not id or verb ~= "delete" and type(entry) ~= "table" then
        local expected = verb == "delete" and "an id 'namespace:name'" or "a table with id, kind, meta and data"
        return nil, invalid("changes:" .. verb .. ": expected " .. expected .. ", got " .. kit.tostring(entry))
      end
      changes[#changes + 1] = {kind = "entry." .. verb, entry = verb == "delete" and {id = id} or copied(entry, id)}
      return self
    end
  end
  for _, verb in next, {"create", "update", "delete"} do Changes.__index[verb] = adding(verb) end

  kit.methods(Changes, {
    ops = function(changes) return kit.decode(kit.encode(kit.as_array(changes), "ops")) end,
    apply = function(changes)
      local made, err = perform("registry.apply", kit.as_array(changes))
      if not made then return nil, err end
      for i = #changes, 1, -1 do changes[i] = nil end
      return version_object(made)
    end,
  })

  kit.methods(Snapshot, {
    entries = function(version) return perform("registry.find", {}, version.id) end,
    get = function(version, id) return perform("registry.get", id, version.id) end,
    find = function(version, filter) return perform("registry.find", filter or {}, version.id) end,
    namespace = function(version, name) return perform("registry.namespace", name, version.id) end,
    changes = function() return kit.object(Changes, {}) end,
    version = version_object,
  })

  -- ---- the module ----------------------------------------------------------------------------------------------------

  return {
    get = function(id) return perform("registry.get", id) end,
    find = function(filter) return perform("registry.find", filter or {}) end,
    current_version = function()
      local plain, err = perform("registry.version")
      if not plain then return nil, err end
      return version_object(plain)
    end,
    versions = versions,
    history = function() return kit.object(History, {}) end,
    snapshot = function()
      local plain, err = perform("registry.version")
      if not plain then return nil, err end
      return snapshot_object(plain)
    end,
    snapshot_at = snapshot_at,
    apply_version = function(version)
      local plain, err = version_of(version, "registry.apply_version")
      if not plain then return nil, err end
      local ok, problem = perform("registry.apply_version", plain.id)
      if not ok then return nil, problem end
      return true
    end,
    build_delta = function(from, to) return kit.pure("registry.build_delta", from, to) end,
    parse_id = function(id)
      if not kit.is_text(id) then return nil, invalid("registry.parse_id: expected text, got " .. kit.type(id)) end
      local colon = find(id, ":", 1, true)
      if not colon then return {ns = "", name = id} end
      return {ns = sub(id, 1, colon - 1), name = sub(id, colon + 1)}
    end,
  }
end
