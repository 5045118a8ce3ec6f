local function main()
  local ok, err = workflow.attrs({memo = {note = "hello"}})
  if err then return nil, err end
  local info = workflow.info()
  return {info.workflow_id ~= nil, info.attempt, (process.pid():find(info.workflow_id, 1, true)) ~= nil}
end

return {main = main}
