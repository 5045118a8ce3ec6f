local function main()
  local value, err = funcs.call("app:refuse", "apples")
  return {value == nil, err:message(), err:kind(), err:retryable(), err:details().what, err:details().left}
end

return {main = main}
