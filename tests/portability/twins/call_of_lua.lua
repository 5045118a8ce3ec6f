local function main(x)
  local value = funcs.call("app:triple", x)
  local _, err = funcs.call("app:triple", "no number")
  return {value, err:message(), err:kind(), err:retryable()}
end

return {main = main}
