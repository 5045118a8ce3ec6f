-- The `base64` module. Called with (kit) -> module.

return function(kit)
  local pure = kit.pure
  return {
    encode = function(data) return pure("base64.encode", data) end,
    decode = function(data) return pure("base64.decode", data) end,
  }
end
