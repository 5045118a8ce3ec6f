-- Books, fails once, and returns how many bookings the run has.
local function main(transaction, run)
  assert(transaction:execute("CREATE TABLE IF NOT EXISTS booking (run TEXT)"))
  assert(transaction:execute("INSERT INTO booking VALUES (?)", {run}))
  if ctx.get("attempt") == 1 then error("the line broke") end
  return assert(transaction:query("SELECT count(*) AS n FROM booking WHERE run = ?", {run}))[1].n
end

return {main = main}
