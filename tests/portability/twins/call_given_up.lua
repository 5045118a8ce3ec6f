local function main()
  local future = funcs.async("app:hang")
  funcs.call("app:mark", "before")
  local open = future:cancel()
  local _, err = future:result()
  funcs.call("app:mark", "after")
  return {open, future:is_canceled(), err:kind()}
end

return {main = main}
