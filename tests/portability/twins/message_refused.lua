local function main()
  local seen = {}
  for n, topic in ipairs({"@system", ""}) do
    local _, err = process.send(process.pid(), topic, 1)
    seen[n] = err:kind()
  end
  local _, err = process.send("nobody by this name", "topic", 1)
  return {seen, err:kind()}
end

return {main = main}
