local function main()
  return {ctx.get("trial") ~= nil, (ctx.get("tenant") or "none")}
end

return {main = main}
