local function main()
  return nil, errors.new({message = "no", kind = errors.CONFLICT, retryable = false, details = {why = "so"}})
end

return {main = main}
