local function main()
  local text = json.encode({name = "ü", list = {1, 2.5, true}, empty = {}})
  local back = json.decode(text)
  local _, err = json.decode("{broken")
  return {back.name, back.list, err ~= nil}
end

return {main = main}
