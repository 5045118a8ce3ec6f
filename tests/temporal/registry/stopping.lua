-- Who gives a wait up: for a child, as the options say, or for a call.
local function main(options, what)
  local _, err
  if what == "call" then
    _, err = require("funcs").new():with_options(options):call("app:stops")
  else
    _, err = process.with_options(options):exec("app:cleans", "app:worker")
  end
  require("funcs").call("app:reserve", "after")
  return err and err:kind()
end
return {main = main}
