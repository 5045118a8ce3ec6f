local function main(what)
  funcs.call("app:mark", "before")
  return nil, errors.new({message = "no " .. what, kind = errors.CONFLICT, retryable = false, details = {what = what, list = {1, 2}}})
end

return {main = main}
