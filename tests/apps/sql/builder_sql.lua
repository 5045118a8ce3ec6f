local assert = require("assert")
local sql = require("sql")

local b = sql.builder

local function check(builder, text, ...)
    local got, args = builder:to_sql()
    assert.eq(got, text)
    assert.same(args, {...})
end

local function main()
    check(b.select("id", "name"):from("users"), "SELECT id, name FROM users")
    check(b.select("*"):from("users"):where("age > ? AND name = ?", 18, "Ann"), "SELECT * FROM users WHERE age > ? AND name = ?", 18, "Ann")
    check(b.select("id"):from("users"):where({name = "Ann", active = 1}), "SELECT id FROM users WHERE active = ? AND name = ?", 1, "Ann")
    check(b.select("id"):from("users"):where(b.eq({id = {1, 2, 3}})):where(b.not_eq({gone = sql.NULL})),
        "SELECT id FROM users WHERE id IN (?,?,?) AND gone IS NOT NULL", 1, 2, 3)
    check(b.select("id"):from("users"):where(b.eq({id = {}})), "SELECT id FROM users WHERE (1=0)")
    check(b.select("id"):from("users"):where(b.not_eq({id = {7, 8}})), "SELECT id FROM users WHERE id NOT IN (?,?)", 7, 8)
    check(b.select("id"):from("users"):where(b.or_({b.lt({age = 18}), b.and_({b.gte({age = 65}), b.like({name = "A%"})}), "x = 1"})),
        "SELECT id FROM users WHERE (age < ? OR (age >= ? AND name LIKE ?) OR x = 1)", 18, 65, "A%")
    check(b.select("u.id", b.expr("count(*) + ? AS n", 1)):from("users u"):left_join("orders o ON o.user = u.id AND o.state = ?", "open")
        :where(b.gt({["u.age"] = 18})):group_by("u.id"):having("count(*) > ?", 2):order_by("n DESC", "u.id"):limit(10):offset(20),
        "SELECT u.id, count(*) + ? AS n FROM users u LEFT JOIN orders o ON o.user = u.id AND o.state = ? WHERE u.age > ? " ..
        "GROUP BY u.id HAVING count(*) > ? ORDER BY n DESC, u.id LIMIT 10 OFFSET 20", 1, "open", 18, 2)
    check(b.select("name"):distinct():from("users"):suffix("FOR UPDATE"), "SELECT DISTINCT name FROM users FOR UPDATE")
    check(b.select({"a", "b"}):from("t"), "SELECT a, b FROM t")

    check(b.insert("users"):columns("name", "age"):values("Ann", 30):values("Bob", sql.NULL), "INSERT INTO users (name,age) VALUES (?,?),(?,?)",
        "Ann", 30, "Bob", sql.NULL)
    check(b.insert("users"):set_map({name = "Ann", at = b.expr("CURRENT_TIMESTAMP")}):suffix("RETURNING id"),
        "INSERT INTO users (at,name) VALUES (CURRENT_TIMESTAMP,?) RETURNING id", "Ann")
    check(b.update("users"):set("age", b.expr("age + ?", 1)):set("name", "Cleo"):where({id = 3}), "UPDATE users SET age = age + ?, name = ? WHERE id = ?",
        1, "Cleo", 3)
    check(b.delete("users"):where(b.lte({age = 3})):limit(1), "DELETE FROM users WHERE age <= ? LIMIT 1", 3)

    check(b.select("id"):from("t"):where("a = ? AND b = '?' AND c = ?", 1, 2):placeholder_format(b.dollar),
        "SELECT id FROM t WHERE a = $1 AND b = '?' AND c = $2", 1, 2)

    -- a builder never changes
    local base = b.select("id"):from("t")
    local first, second = base:where({a = 1}), base:where({b = 2})
    check(base, "SELECT id FROM t")
    check(first, "SELECT id FROM t WHERE a = ?", 1)
    check(second, "SELECT id FROM t WHERE b = ?", 2)
    return true
end

return { main = main }
