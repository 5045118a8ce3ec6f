local function main()
  local retry = {initial_delay = "1ms", max_delay = "1ms", max_attempts = 4}
  local patient = funcs.new():with_options({retry = retry})
  local third = patient:call("app:flaky", 3)
  local _, err = patient:call("app:flaky", 9)
  return {third, err:kind()}
end

return {main = main}
