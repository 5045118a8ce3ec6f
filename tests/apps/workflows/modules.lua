-- Workflows that name modules: those that may not be used in a durable run, and those that may.

local function uses() return "reached" end

local function allowed()
  local hash, json, text, yaml = require("hash"), require("json"), require("text"), require("yaml")
  local base64, compress, payload = require("base64"), require("compress"), require("payload")
  local packed = base64.encode("x") .. json.encode({1}) .. type(text) .. type(yaml) .. type(compress) .. type(payload)
  return #packed > 0 and string.sub(hash.sha256("abc"), 1, 8)
end

return {uses = uses, allowed = allowed}
