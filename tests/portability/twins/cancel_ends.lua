local function main()
  process.send(ctx.get("observer"), "please", {"cancel", "enough"})
  local _, err = funcs.call("app:hang")
  funcs.call("app:mark", "given up")
  return nil, errors.new({message = err:message(), kind = err:kind(), retryable = false})
end

return {main = main}
