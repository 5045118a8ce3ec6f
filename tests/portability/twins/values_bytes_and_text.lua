local function main(bytes, text)
  local back = funcs.call("app:echo", {bytes, text})
  return {back[1] == bytes, back[2] == text, #text, back}
end

return {main = main}
