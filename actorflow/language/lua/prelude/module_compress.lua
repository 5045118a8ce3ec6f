-- The `compress` module: gzip, zlib, deflate, brotli, zstd, each with encode and decode. Called with (kit) -> module.

local type, next = type, next

local PACKING <const>, SLOW_PACKING <const> = 8, 64 -- instructions that a byte is charged
local SLOW <const> = {brotli = 9, zstd = 12} -- levels above which packing is slow

return function(kit)
  local pure, compress = kit.pure, {}
  for _, name in next, {"gzip", "zlib", "deflate", "brotli", "zstd"} do
    local slow = SLOW[name] or 9
    compress[name] = {
      encode = function(data, options)
        local level = type(options) == "table" and options.level
        if type(data) == "string" then
          kit.spend(#data * (type(level) == "number" and level > slow and SLOW_PACKING or PACKING))
        end
        return pure("compress." .. name .. ".encode", data, options)
      end,
      decode = function(data, options) return pure("compress." .. name .. ".decode", data, options) end,
    }
  end
  return compress
end
