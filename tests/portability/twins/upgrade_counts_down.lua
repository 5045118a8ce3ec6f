local function main(n, seen)
  seen = seen or {}
  seen[#seen + 1] = funcs.call("app:double", n)
  if n > 0 then process.upgrade(nil, n - 1, seen) end
  return {seen, process.pid() ~= ""}
end

return {main = main}
