-- The `hash` module: digests as hexadecimal text, or as bytes where the last argument is true. Called with (kit) -> module.

local next = next

return function(kit)
  local pure, hash = kit.pure, {}

  for _, name in next, {"md5", "sha1", "sha256", "sha512"} do
    hash[name] = function(data, raw) return pure("hash." .. name, data, raw) end
    hash["hmac_" .. name] = function(data, key, raw) return pure("hash.hmac_" .. name, data, key, raw) end
  end
  for _, name in next, {"fnv32", "fnv64"} do
    hash[name] = function(data)
      kit.spend(kit.type(data) == "string" and #data * 16 or 0) -- a loop over the bytes
      return pure("hash." .. name, data)
    end
  end
  return hash
end
