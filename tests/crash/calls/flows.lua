local function main(run)
  local quick = funcs.new():with_options({retry = {initial_delay = "2ms"}})
  local short = funcs.new():with_options({retry = {initial_delay = "5ms", backoff_factor = 1}, timeout = "40ms"})
  local booked = quick:async("app:book_lua", run)
  local flaky = quick:call("app:flaky")
  local beaten = quick:call("app:beating")
  local asked = funcs.call("app:asking")
  local failed, why = funcs.call("app:failing")
  local _, late = short:call("app:never")
  local answer = booked:response():receive()
  return {
    flaky = flaky, beaten = beaten, booked = answer:data(), asked = asked, failed = failed or why:kind(), closed = late:kind(),
  }
end

return {main = main}
