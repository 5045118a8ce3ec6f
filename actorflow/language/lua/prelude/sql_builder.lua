-- The builder of the `sql` module: statements from parts. Called with (kit); gives kit.sql_builder(NULL, execute) -> module.
--
-- A builder never changes: each method returns a new one. What it holds: `kind`, and lists of pieces. A piece is text with
-- `?`, its values, and their number.

local type, next, select, error, pcall = type, next, select, error, pcall
local concat, sort, spread = table.concat, table.sort, table.unpack
local find, sub, format = string.find, string.sub, string.format
local math_type = math.type

return function(kit)
  local DOLLAR <const>, AT <const>, COLON <const>, QUESTION <const> = "dollar", "at", "colon", "question"
  local MARKS <const> = {dollar = "$", at = "@p", colon = ":"}

  function kit.sql_builder(NULL, execute)
    local builder = {question = QUESTION, dollar = DOLLAR, at = AT, colon = COLON}

    local function piece(text, ...) return {text = text, values = {...}, n = select("#", ...)} end

    -- ---- conditions ----------------------------------------------------------------------------------------------

    local Expression = kit.class("sql.Expression", {})

    local function wants_text(value, where)
      if type(value) ~= "string" then kit.error(where .. ": expected SQL text, got " .. kit.type(value)) end
      return value
    end

    local function expression(found) return kit.object(Expression, found) end

    -- Joins pieces to one.
    local function joined(pieces, separator, before, after)
      local texts, values, n = {}, {}, 0
      for i = 1, #pieces do
        texts[i] = pieces[i].text
        for j = 1, pieces[i].n do values[n + j] = pieces[i].values[j] end
        n = n + pieces[i].n
      end
      return {text = (before or "") .. concat(texts, separator) .. (after or ""), values = values, n = n}
    end

    local function is_list(value) return type(value) == "table" and not kit.class_of(value) end

    local function one_of(column, list, negated)
      local values = kit.frozen[list] or list
      local n = #values
      if n == 0 then return piece(negated and "(1=1)" or "(1=0)") end
      local marks = {}
      for i = 1, n do marks[i] = "?" end
      local found = piece(column .. (negated and " NOT IN (" or " IN (") .. concat(marks, ",") .. ")")
      for i = 1, n do found.values[i] = values[i] end
      found.n = n
      return found
    end

    local function compared(column, operator, value)
      local equal, different = operator == "=", operator == "<>"
      if value == NULL and (equal or different) then return piece(column .. (equal and " IS NULL" or " IS NOT NULL")) end
      if is_list(value) and (equal or different) then return one_of(column, value, different) end
      if kit.class_of(value) == Expression then return joined({kit.data(Expression, value, "eq")}, "", column .. " " .. operator .. " ") end
      return piece(column .. " " .. operator .. " ?", value)
    end

    local function keys_of(map, where)
      if not is_list(map) then kit.error(where .. ": expected a table of columns, got " .. kit.type(map)) end
      map = kit.frozen[map] or map
      local keys, n = {}, 0
      for key in next, map do
        n = n + 1
        keys[n] = wants_text(key, where)
      end
      sort(keys)
      return keys, map
    end

    local function by_columns(operator, where)
      return function(map)
        local keys, values = keys_of(map, where)
        local pieces = {}
        for i, key in next, keys do pieces[i] = compared(key, operator, values[key]) end
        if #pieces == 0 then return piece("(1=1)") end
        return #pieces == 1 and pieces[1] or joined(pieces, " AND ")
      end
    end

    local equals = by_columns("=", "where")

    local function condition(where, cond, ...)
      if kit.class_of(cond) == Expression then return kit.data(Expression, cond, where) end
      if is_list(cond) then return equals(cond) end
      return piece(wants_text(cond, where), ...)
    end

    for name, operator in next, {
      eq = "=", not_eq = "<>", lt = "<", lte = "<=", gt = ">", gte = ">=", like = "LIKE", not_like = "NOT LIKE",
      ilike = "ILIKE", not_ilike = "NOT ILIKE",
    } do
      local build = by_columns(operator, name)
      builder[name] = function(map) return expression(build(map)) end
    end
    builder.lt_or_eq, builder.gt_or_eq = builder.lte, builder.gte

    function builder.expr(text, ...) return expression(piece(wants_text(text, "expr"), ...)) end

    local function combined(word, where)
      return function(list)
        if not is_list(list) then kit.error(where .. ": expected a list of conditions, got " .. kit.type(list)) end
        local pieces = {}
        for i, cond in next, kit.frozen[list] or list do
          if math_type(i) ~= "integer" then return expression(equals(list)) end
          pieces[i] = condition(where, cond)
        end
        if #pieces == 0 then return expression(piece(word == " AND " and "(1=1)" or "(1=0)")) end
        return expression(joined(pieces, word, "(", ")"))
      end
    end
    builder.and_, builder.or_ = combined(" AND ", "and_"), combined(" OR ", "or_")

    -- ---- parts ---------------------------------------------------------------------------------------------------

    local Builder, Executor = kit.class("sql.Builder", {}), kit.class("sql.Executor", {})

    local function with(held, changes)
      local copy = {}
      for key, value in next, held do copy[key] = value end
      for key, value in next, changes do copy[key] = value end
      return kit.object(Builder, copy)
    end

    local function more(held, field, ...)
      local list = {}
      for i, value in next, held[field] or {} do list[i] = value end
      for i = 1, select("#", ...) do list[#list + 1] = (select(i, ...)) end
      return with(held, {[field] = list})
    end

    local function texts(field, where)
      return function(held, ...)
        local list = {...}
        if select("#", ...) == 1 and is_list(list[1]) then list = kit.frozen[list[1]] or list[1] end
        local pieces = {}
        for i = 1, #list do
          local one = list[i]
          pieces[i] = kit.class_of(one) == Expression and kit.data(Expression, one, where) or piece(wants_text(one, where))
        end
        return more(held, field, spread(pieces))
      end
    end

    local function count(field)
      return function(held, n)
        if math_type(n) == "float" and n % 1 == 0 then n = n // 1 end
        if type(n) ~= "number" or n < 0 or n % 1 ~= 0 then kit.error(field .. ": expected a number that is not negative, got " .. (type(n) == "number" and kit.tostring(n) or kit.type(n))) end
        return with(held, {[field] = format("%d", n)})
      end
    end

    local function conditions(field)
      return function(held, ...) return more(held, field, condition(field, ...)) end
    end

    local function join(words)
      return function(held, text, ...) return more(held, "joins", piece(words .. wants_text(text, "join"), ...)) end
    end

    local function named(held, name) return with(held, {table = wants_text(name, "table")}) end

    -- A value of a column: an expression as it is, anything else by a mark.
    local function assigned(value)
      if kit.class_of(value) == Expression then return kit.data(Expression, value, "set") end
      return piece("?", value == nil and NULL or value)
    end

    local function set(held, column, value)
      return more(held, "sets", {column = wants_text(column, "set"), value = assigned(value)})
    end

    local function set_map(held, map)
      local keys, values = keys_of(map, "set_map")
      if held.kind == "insert" then
        local row = {}
        for i, key in next, keys do row[i] = assigned(values[key]) end
        local columns = {}
        for i, key in next, keys do columns[i] = piece(key) end
        return with(held, {columns = columns, rows = {row}})
      end
      local sets = {}
      for i, value in next, held.sets or {} do sets[i] = value end
      for _, key in next, keys do sets[#sets + 1] = {column = key, value = assigned(values[key])} end
      return with(held, {sets = sets})
    end

    local function values(held, ...)
      local row = {}
      for i = 1, select("#", ...) do row[i] = assigned((select(i, ...))) end
      return more(held, "rows", row)
    end

    -- ---- statements ----------------------------------------------------------------------------------------------

    local function put(out, before, pieces, separator)
      if pieces and #pieces > 0 then out[#out + 1] = joined(pieces, separator, before) end
    end

    local function tail(held, out)
      put(out, "WHERE ", held.where, " AND ")
      put(out, "GROUP BY ", held.group_by, ", ")
      put(out, "HAVING ", held.having, " AND ")
      put(out, "ORDER BY ", held.order_by, ", ")
      if held.limit then out[#out + 1] = piece("LIMIT " .. held.limit) end
      if held.offset then out[#out + 1] = piece("OFFSET " .. held.offset) end
      put(out, "", held.suffixes, " ")
    end

    local function missing(what) error(kit.invalid("sql.builder: " .. what), 0) end

    local statement = {}

    function statement.select(held, out)
      if not held.columns then missing("a select has no columns: name them in select() or columns()") end
      put(out, held.distinct and "SELECT DISTINCT " or "SELECT ", held.columns, ", ")
      if held.table then out[#out + 1] = piece("FROM " .. held.table) end
      put(out, "", held.joins, " ")
    end

    function statement.insert(held, out)
      if not held.table then missing("an insert has no table: name it in insert() or into()") end
      if not held.rows then missing("an insert has no values: give them to values() or set_map()") end
      put(out, "INSERT ", held.options, " ")
      out[#out + 1] = piece((held.options and "" or "INSERT ") .. "INTO " .. held.table)
      put(out, "(", held.columns and {joined(held.columns, ",", "", ")")}, "")
      local rows = {}
      for i, row in next, held.rows do rows[i] = joined(row, ",", "(", ")") end
      put(out, "VALUES ", rows, ",")
    end

    function statement.update(held, out)
      if not held.table then missing("an update has no table: name it in update() or table()") end
      if not held.sets then missing("an update changes nothing: use set() or set_map()") end
      out[#out + 1] = piece("UPDATE " .. held.table)
      local sets = {}
      for i, item in next, held.sets do sets[i] = joined({item.value}, "", item.column .. " = ") end
      put(out, "SET ", sets, ", ")
      if held.source then out[#out + 1] = piece("FROM " .. held.source) end
    end

    function statement.delete(held, out)
      if not held.table then missing("a delete has no table: name it in delete() or from()") end
      out[#out + 1] = piece("DELETE FROM " .. held.table)
    end

    -- The text with its marks numbered, quoted parts left alone.
    local function numbered(text, mark)
      local parts, at, n = {}, 1, 0
      while true do
        local place = find(text, "['\"?]", at)
        if not place then break end
        local sign = sub(text, place, place)
        if sign == "?" then
          n = n + 1
          parts[#parts + 1] = sub(text, at, place - 1) .. mark .. n
          at = place + 1
        else
          local stop = find(text, sign, place + 1, true) or #text
          parts[#parts + 1] = sub(text, at, stop)
          at = stop + 1
        end
      end
      return concat(parts) .. sub(text, at)
    end

    local function built(held)
      local out = {}
      put(out, "", held.prefixes, " ")
      statement[held.kind](held, out)
      tail(held, out)
      local whole = joined(out, " ")
      kit.spend(#whole.text)
      return whole
    end

    local function to_sql(held)
      local ok, whole = pcall(built, held)
      if not ok then
        kit.checked(false, whole)
        if kit.message_of(whole) then return nil, whole end
        error(whole, 0)
      end
      local mark = MARKS[held.format]
      return mark and numbered(whole.text, mark) or whole.text, kit.as_array(whole.values, whole.n)
    end

    local function executed(name)
      return function(held)
        local text, args = to_sql(kit.data(Builder, held.builder, name))
        if not text then return nil, args end
        return execute(name, held.runner, text, args)
      end
    end
    kit.methods(Executor, {
      query = executed("query"), exec = executed("execute"), execute = executed("execute"),
      to_sql = function(held) return to_sql(kit.data(Builder, held.builder, "to_sql")) end,
    })

    kit.methods(Builder, {
      from = function(held, name)
        if held.kind == "update" then return with(held, {source = wants_text(name, "from")}) end
        return named(held, name)
      end,
      into = named, table = named,
      columns = texts("columns", "columns"), distinct = function(held) return with(held, {distinct = true}) end,
      join = join("JOIN "), inner_join = join("INNER JOIN "), left_join = join("LEFT JOIN "),
      right_join = join("RIGHT JOIN "), cross_join = join("CROSS JOIN "),
      where = conditions("where"), having = conditions("having"),
      group_by = texts("group_by", "group_by"), order_by = texts("order_by", "order_by"),
      limit = count("limit"), offset = count("offset"),
      set = set, set_map = set_map, values = values, options = texts("options", "options"),
      prefix = function(held, text, ...) return more(held, "prefixes", piece(wants_text(text, "prefix"), ...)) end,
      suffix = function(held, text, ...) return more(held, "suffixes", piece(wants_text(text, "suffix"), ...)) end,
      placeholder_format = function(held, name)
        if name ~= QUESTION and not MARKS[name] then kit.error("placeholder_format: expected one of sql.builder.question, dollar, at, colon") end
        return with(held, {format = name})
      end,
      to_sql = to_sql,
      run_with = function(held, runner) return kit.object(Executor, {builder = kit.object(Builder, held), runner = runner}) end,
    })

    function builder.select(...)
      local started = {kind = "select"}
      if select("#", ...) == 0 then return kit.object(Builder, started) end
      return texts("columns", "select")(started, ...)
    end
    for _, kind in next, {"insert", "update", "delete"} do
      builder[kind] = function(name)
        return kit.object(Builder, {kind = kind, table = name ~= nil and wants_text(name, kind) or nil})
      end
    end
    return builder
  end
end
