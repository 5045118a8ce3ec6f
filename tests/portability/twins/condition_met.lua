local function main()
  local total = 0
  coroutine.spawn(function()
    for message in process.inbox():iter() do total = total + message:payload():data() end
  end)
  return {workflow.wait_until("enough", function() return total >= 3 end), total}
end

return {main = main}
