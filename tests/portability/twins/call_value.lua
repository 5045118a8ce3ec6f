local function main(x)
  return {funcs.call("app:double", x), funcs.call("app:mark", "done")}
end

return {main = main}
