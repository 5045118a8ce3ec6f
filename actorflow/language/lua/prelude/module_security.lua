-- The `security` module: actors, scopes, policies, tokens. Called with (kit) -> module; gives kit.actor_of, kit.scope_of and
-- kit.require_action.
--
-- What travels is plain data in the context: an actor is {id, meta}, a scope the list of the ids of its policies.

local type, next = type, next

return function(kit)
  local invalid, perform = kit.invalid, kit.perform
  local ACTOR <const>, SCOPE <const> = "@actor", "@scope"
  local Actor, Policy = kit.class("Actor", {}), kit.class("Policy", {})
  local Scope, Store = kit.class("Scope", {}), kit.class("TokenStore", {})

  -- ---- plain data and objects ----------------------------------------------------------------------------------------

  local function copied(value) return kit.decode(kit.encode(value, "meta")) end
  local function actor_object(plain) return kit.object(Actor, {id = plain.id, meta = plain.meta or {}}) end

  local function ids_of(set)
    local ids = {}
    for id in kit.pairs(set) do ids[#ids + 1] = id end
    return kit.as_array(ids)
  end
  local function scope_object(ids)
    local set = {}
    for _, id in next, ids do set[id] = true end
    return kit.object(Scope, set)
  end

  -- The plain data of an actor or scope given by a script; raises for anything else.
  function kit.actor_of(value, where)
    if kit.class_of(value) ~= Actor then kit.error(where .. ": expected an Actor, got " .. kit.type(value)) end
    local data = kit.data(Actor, value, where)
    return {id = data.id, meta = data.meta}
  end
  function kit.scope_of(value, where)
    if kit.class_of(value) ~= Scope then kit.error(where .. ": expected a Scope, got " .. kit.type(value)) end
    return ids_of(kit.data(Scope, value, where))
  end

  local function policy_id(value, where)
    if kit.class_of(value) == Policy then return kit.data(Policy, value, where).id end
    if kit.is_text(value) and value ~= "" then return value end
    kit.error(where .. ": expected a Policy or its id, got " .. kit.type(value))
  end

  local function plain_meta(meta, where)
    if meta == nil then return {} end
    if type(meta) ~= "table" or kit.class_of(meta) then kit.error(where .. ": expected a table, got " .. kit.type(meta)) end
    return copied(meta)
  end

  -- ---- permissions ---------------------------------------------------------------------------------------------------

  local function guarded()
    local who = kit.identity()
    return who.context[ACTOR] ~= nil and who.context[SCOPE] ~= nil and not who.durable
  end

  local function permitted(action, resource)
    if not guarded() then return true end
    return perform("security.permit", action, resource)
  end

  -- Raises when this process runs as an actor that may not do something.
  function kit.require_action(action, resource)
    local ok, err = permitted(action, resource)
    if not ok then kit.error(err) end
  end

  local function evaluating(ids)
    return function(actor, action, resource, meta)
      return perform("security.evaluate", kit.actor_of(actor, "evaluate"), ids, action, resource, plain_meta(meta, "evaluate"))
    end
  end

  -- ---- methods -------------------------------------------------------------------------------------------------------

  kit.methods(Actor, {
    id = function(actor) return actor.id end,
    meta = function(actor) return copied(actor.meta) end,
  })
  kit.methods(Policy, {
    id = function(policy) return policy.id end,
    evaluate = function(policy, ...) return evaluating(kit.as_array({policy.id}))(...) end,
  })
  kit.methods(Scope, {
    ["with"] = function(set, policy)
      local ids = ids_of(set)
      ids[#ids + 1] = policy_id(policy, "scope:with")
      return scope_object(ids)
    end,
    without = function(set, policy)
      local gone, ids = policy_id(policy, "scope:without"), {}
      for id in next, set do if id ~= gone then ids[#ids + 1] = id end end
      return scope_object(ids)
    end,
    contains = function(set, policy) return set[policy_id(policy, "scope:contains")] == true end,
    policies = function(set)
      local list = {}
      for i, id in next, ids_of(set) do list[i] = kit.object(Policy, {id = id}) end
      return list
    end,
    evaluate = function(set, ...) return evaluating(ids_of(set))(...) end,
  })

  local function closed(store) return invalid("token store " .. store.id .. ": closed") end
  kit.methods(Store, {
    create = function(store, actor, scope, options)
      if store.closed then return nil, closed(store) end
      return perform("security.token.create", store.id, kit.actor_of(actor, "create"), kit.scope_of(scope, "create"), options)
    end,
    validate = function(store, token)
      if store.closed then return nil, nil, closed(store) end
      local found, err = perform("security.token.validate", store.id, token)
      if err then return nil, nil, err end
      return actor_object(found.actor), scope_object(found.scope)
    end,
    revoke = function(store, token)
      if store.closed then return nil, closed(store) end
      return perform("security.token.revoke", store.id, token)
    end,
    close = function(store)
      store.closed = true
      return true
    end,
  })

  -- ---- the module ----------------------------------------------------------------------------------------------------

  return {
    actor = function()
      local plain = kit.identity().context[ACTOR]
      return plain and actor_object(plain) or nil
    end,
    scope = function()
      local ids = kit.identity().context[SCOPE]
      return ids and scope_object(ids) or nil
    end,
    can = function(action, resource, meta)
      if not kit.is_text(action) or not kit.is_text(resource) then
        kit.error("security.can: expected an action and a resource, got " .. kit.type(action) .. " and " .. kit.type(resource))
      end
      return perform("security.can", action, resource, plain_meta(meta, "security.can"))
    end,
    policy = function(id)
      local ok, err = perform("security.policy", id)
      if not ok then return nil, err end
      return kit.object(Policy, {id = id})
    end,
    named_scope = function(group)
      local ids, err = perform("security.named_scope", group)
      if not ids then return nil, err end
      return scope_object(ids)
    end,
    new_scope = function(policies)
      if policies ~= nil and (type(policies) ~= "table" or kit.class_of(policies)) then
        kit.error("security.new_scope: expected a list of policies, got " .. kit.type(policies))
      end
      local ids = {}
      for i, policy in next, policies or ids do ids[i] = policy_id(policy, "security.new_scope") end
      local ok, err = permitted("security.scope.create", "custom")
      if not ok then return nil, err end
      return scope_object(ids)
    end,
    new_actor = function(id, meta)
      if not kit.is_text(id) or id == "" then
        return nil, invalid("security.new_actor: expected a non-empty id, got " .. kit.tostring(id))
      end
      local plain = {id = id, meta = plain_meta(meta, "security.new_actor")}
      local ok, err = permitted("security.actor.create", id)
      if not ok then return nil, err end
      return actor_object(plain)
    end,
    token_store = function(id)
      local ok, err = perform("security.token_store", id)
      if not ok then return nil, err end
      return kit.object(Store, {id = id, closed = false})
    end,
  }
end
