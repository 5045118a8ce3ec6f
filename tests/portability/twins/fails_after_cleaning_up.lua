local function main()
  local ok, err = pcall(function()
    funcs.call("app:mark", "work")
    error(errors.new({message = "broken", kind = errors.UNAVAILABLE, retryable = false}))
  end)
  funcs.call("app:mark", "clean")
  return {ok, err:kind(), err:message()}
end

return {main = main}
