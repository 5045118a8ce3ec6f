local function main()
  local tried = 0
  local value = workflow.step("shaky", {retries = 2, delay = "1ms", call = function()
    tried = tried + 1
    funcs.call("app:mark", "try " .. tried)
    if tried < 3 then error("again") end
    return tried
  end})
  return {value, tried}
end

return {main = main}
