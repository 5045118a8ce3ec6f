-- The `sql` module: databases. Called with (kit, sys, core) -> module.
--
-- Objects hold where their statements run (`place`: the id of a database, or that and the number of a transaction) and
-- whether they are open; every method is one operation.

local type, next = type, next

return function(kit)
  local perform, invalid = kit.perform, kit.invalid
  local sql = {}

  -- ---- values ----------------------------------------------------------------------------------------------------

  local Typed = kit.class("sql.Value", {})
  local NULL = kit.object(Typed, {as = "null"})
  sql.NULL = NULL
  sql.as = {null = function() return NULL end}
  for _, name in next, {"int", "float", "text", "binary"} do
    sql.as[name] = function(value)
      if value == nil then return NULL end
      return kit.object(Typed, {as = name, value = value})
    end
  end

  local function refused(key, value)
    return nil, invalid("params[" .. kit.tostring(key) .. "]: got a " .. kit.type(value) .. ", expected nil, a boolean, a number, text or a time")
  end

  -- What an operation takes for the values that a script gave; nil and an error for an object that is no value.
  local function written(values)
    if type(values) ~= "table" then return values end
    if kit.class_of(values) then return nil, invalid("params: got a userdata, expected a list of values") end
    values = kit.frozen[values] or values
    local copy = {}
    for key, value in next, values do
      local class = kit.class_of(value)
      if class == Typed then
        local typed = kit.data(Typed, value, "value")
        if kit.class_of(typed.value) then return refused(key, typed.value) end
        value = typed
      elseif class == kit.Time then
        value = {as = "time", value = value:unix_nano()}
      elseif class then
        return refused(key, value)
      end
      copy[key] = value
    end
    local n = kit.lengths[values]
    if n then kit.as_array(copy, n) end
    return copy
  end

  local function run_with(name, self, text, values)
    local given, err = written(values)
    if err then return nil, err end
    return perform("sql." .. name, self.place, text, given)
  end

  -- ---- statements ------------------------------------------------------------------------------------------------

  local function closed(self)
    if self.open and (not self.parent or self.parent.open) then return nil end
    return invalid(self.what .. " is " .. self.past .. (self.parent and not self.parent.open and ", or what it belongs to" or ""))
  end

  local function refusing(body)
    return function(self, ...)
      local problem = closed(self)
      if problem then return nil, problem end
      return body(self, ...)
    end
  end

  local Statement = kit.class("sql.Statement", {})
  local function run(name)
    return refusing(function(self, values) return run_with(name, self, self.text, values) end)
  end
  local function close(self)
    self.open = false
    return true
  end
  kit.methods(Statement, {query = run("query"), execute = run("execute"), exec = run("execute"), close = refusing(close)})

  local function prepare(self, text)
    local count, err = perform("sql.prepare", self.place, text)
    if err then return nil, err end
    return kit.object(Statement, {place = self.place, text = text, open = true, parent = self, what = "the statement", past = "closed"})
  end

  local function ask(name)
    return refusing(function(self, text, values) return run_with(name, self, text, values) end)
  end

  -- ---- transactions ----------------------------------------------------------------------------------------------

  local Transaction = kit.class("sql.Transaction", {})
  local function finish(name)
    return refusing(function(self)
      self.open = self.joined -- what somebody else ends stays open
      return perform("sql." .. name, self.place)
    end)
  end
  local function savepoint(verb)
    return refusing(function(self, name) return perform("sql.savepoint", self.place, verb, name) end)
  end
  local function type_of(self) return self.type end

  kit.methods(Transaction, {
    query = ask("query"), execute = ask("execute"), exec = ask("execute"), prepare = refusing(prepare),
    commit = finish("commit"), rollback = finish("rollback"),
    savepoint = savepoint("savepoint"), rollback_to = savepoint("rollback_to"), release = savepoint("release"),
    type = refusing(type_of), db_type = refusing(type_of),
  })

  -- The transaction that a transactional function is part of.
  function kit.joined_transaction()
    local place = {"", 0}
    return kit.object(Transaction, {
      place = place, type = perform("sql.open", place), open = true, joined = true, what = "the transaction", past = "over",
    })
  end

  -- ---- databases -------------------------------------------------------------------------------------------------

  local Database = kit.class("sql.Database", {})
  kit.methods(Database, {
    query = ask("query"), execute = ask("execute"), exec = ask("execute"), prepare = refusing(prepare),
    begin = refusing(function(self, options)
      local number, err = perform("sql.begin", self.place, options)
      if err then return nil, err end
      local place = {self.place, number}
      return kit.object(Transaction, {
        place = place, type = self.type, open = true, what = "the transaction", past = "not active: it was committed or rolled back",
      })
    end),
    type = refusing(type_of),
    stats = refusing(function(self) return perform("sql.stats", self.place) end),
    release = refusing(close),
  })

  -- Runs what a builder made with a database or transaction, as its own method does.
  local function execute(name, runner, text, values)
    local class = kit.class_of(runner)
    if class ~= Database and class ~= Transaction then
      return nil, invalid("run_with: expected a database or transaction, got " .. kit.type(runner))
    end
    return class.__index[name](runner, text, values)
  end
  sql.builder = kit.sql_builder(NULL, execute)

  function sql.get(id)
    local kind, err = perform("sql.open", id)
    if err then return nil, err end
    return kit.object(Database, {place = id, type = kind, open = true, what = "database " .. id, past = "released"})
  end

  sql.type = {SQLITE = "sqlite", POSTGRES = "postgres", MYSQL = "mysql", MSSQL = "mssql", ORACLE = "oracle", UNKNOWN = "unknown"}
  sql.isolation = {
    DEFAULT = "default", READ_UNCOMMITTED = "read_uncommitted", READ_COMMITTED = "read_committed",
    WRITE_COMMITTED = "write_committed", REPEATABLE_READ = "repeatable_read", SNAPSHOT = "snapshot",
    SERIALIZABLE = "serializable", LINEARIZABLE = "linearizable",
  }
  return sql
end
