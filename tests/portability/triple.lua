local function main(n)
  if type(n) ~= "number" then
    return nil, errors.new({message = "no number", kind = errors.INVALID, retryable = false})
  end
  return 3 * n
end

return {main = main}
