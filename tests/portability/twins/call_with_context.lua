local function main()
  local as = funcs.new():with_context({tenant = "acme", depth = 2})
  local other = as:with_context({depth = 3})
  return {as:call("app:seen", "tenant", "depth"), other:call("app:seen", "tenant", "depth"), funcs.call("app:seen", "tenant")}
end

return {main = main}
