-- Maps that go straight to a process of the same runtime which waits for them: copied here, and neither encoded nor
-- decoded. It buys three fifths of a message with three keys. Called with (kit, limits), gives kit.hand_over, kit.took.

local type, next, rawlen, utf8_len = type, next, rawlen, utf8.len

local FEW <const> = 16 -- keys of a map that is copied here
local HEADER <const> = 9 -- as many bytes as one head may take when it is encoded: the same upper bound as in value.py
local MOST <const> = 1024 -- bytes: what is larger is passed on encoded, and charged to whom it goes
local CHARGED <const> = 2 -- of an instance: KiB
local TABLE <const>, KEY <const> = 56 / 1024, 24 / 1024 -- what a map takes at least, charged to who has it: KiB
local REFUSALS <const> = 16 -- sends for which nobody is asked after one that could not be handed over

return function(kit, limits)
  local class_of, lengths, frozen, state = kit.class_of, kit.lengths, kit.frozen, kit.state

  -- The copy of a map of scalars with keys of text, and an upper bound of its size; nothing for any other table;
  -- and what its sender is relieved of: no more than the copy takes, or to send would hide what the sender keeps.
  local function copied(map)
    if rawlen(map) > 0 or lengths[map] or frozen[map] or class_of(map) then return nil end
    local copy, size, left = {}, HEADER, FEW
    for key, value in next, map do
      local kind = type(value)
      if kind == "string" then size = size + #value
      elseif kind ~= "number" and kind ~= "boolean" then return nil end
      if left == 0 or type(key) ~= "string" or not utf8_len(key) then return nil end
      left, size = left - 1, size + 2 * HEADER + #key
      copy[key] = value
    end
    if size > MOST then return nil end
    return copy, size, TABLE + KEY * (FEW - left)
  end

  -- Hands a table over; false if it has to be sent otherwise.
  function kit.hand_over(dest, topic, map)
    if limits.isolated then return false end
    local instance = state.instance
    local unasked = instance.unasked
    if unasked and unasked > 0 then
      instance.unasked = unasked - 1
      return false
    end
    local copy, size, taken = copied(map)
    if not copy then return false end
    if not kit.post(dest, topic, size, copy) then
      instance.unasked = REFUSALS
      return false
    end
    instance[CHARGED] = instance[CHARGED] - taken
    return true
  end

  -- Charges the running process for a map that was handed over to it.
  function kit.took(map)
    local instance, taken = state.instance, TABLE
    for _ in next, map do taken = taken + KEY end
    instance[CHARGED] = instance[CHARGED] + taken
  end
end
