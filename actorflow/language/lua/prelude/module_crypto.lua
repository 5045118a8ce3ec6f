-- The `crypto` module. Random bytes are drawn from the process's source, so a durable run records them.
-- Called with (kit, sys, core) -> module.

local type, next, sub, utf8_len, utf8_offset = type, next, string.sub, utf8.len, utf8.offset

local NONCE <const> = 12
local MOST <const> = 10000000 -- rounds, or bytes; beyond it is refused
local ROUND <const> = 50 -- instructions that a round of PBKDF2 is charged

return function(kit, _, core)
  local pure = kit.pure

  local random = {}

  function random.bytes(size)
    local n, err = pure("crypto.checked_size", "crypto.random.bytes", size)
    if not n then return nil, err end
    return core.draw("random", n)
  end

  function random.string(size, charset)
    local n, err = pure("crypto.checked_size", "crypto.random.string", size)
    if not n then return nil, err end
    local characters
    characters, err = pure("crypto.checked_alphabet", charset)
    if not characters then return nil, err end
    local text = ""
    while utf8_len(text) < n do
      text = text .. pure("crypto.picked", characters, core.draw("random", n))
    end
    return sub(text, 1, utf8_offset(text, n + 1) - 1)
  end

  function random.uuid() return kit.uuid4() end

  local hmac, encrypt, decrypt, jwt = {}, {}, {}, {}
  for _, name in next, {"sha256", "sha512"} do
    hmac[name] = function(key, data) return pure("crypto.hmac." .. name, key, data) end
  end
  for _, name in next, {"aes", "chacha20"} do
    encrypt[name] = function(data, key, aad)
      return pure("crypto.encrypt." .. name, data, key, aad, core.draw("random", NONCE))
    end
    decrypt[name] = function(data, key, aad) return pure("crypto.decrypt." .. name, data, key, aad) end
  end

  function jwt.encode(claims, key, algorithm) return pure("crypto.jwt.encode", claims, key, algorithm) end
  function jwt.verify(token, key, algorithm, require_exp)
    return pure("crypto.jwt.verify", token, key, algorithm, require_exp, core.now() // 1000000000)
  end

  return {
    random = random, hmac = hmac, encrypt = encrypt, decrypt = decrypt, jwt = jwt,
    pbkdf2 = function(password, salt, iterations, size, algorithm)
      local numbers = type(iterations) == "number" and type(size) == "number"
      if numbers and iterations > 0 and iterations <= MOST and size > 0 and size <= MOST then
        kit.spend(iterations * ROUND * (size // 32 + 1))
      end
      return pure("crypto.pbkdf2", password, salt, iterations, size, algorithm)
    end,
    constant_time_compare = function(a, b) return pure("crypto.constant_time_compare", a, b) end,
  }
end
