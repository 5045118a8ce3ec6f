-- The `expr` module: expressions of expr-lang. Called with (kit) -> module.

local type = type

local STEP <const> = 100 -- instructions that a step of an evaluation is charged
local FAILED <const> = 200000 -- and an evaluation that fails, whose steps nobody knows
local READING <const> = 50 -- and a character of an expression

return function(kit)
  local pure = kit.pure

  local function charged(text, found, err)
    if type(text) == "string" then kit.spend(#text * READING) end
    if not found then
      kit.spend(FAILED)
      return nil, err
    end
    kit.spend((found[2] or 0) * STEP)
    return found[1]
  end

  local Program = kit.class("Program", {})
  kit.methods(Program, {run = function(text, env) return charged(text, pure("expr.run", text, env)) end})
  Program.__tostring = function(self) return "expr.Program{" .. kit.data(Program, self, "tostring") .. "}" end

  return {
    eval = function(text, env) return charged(text, pure("expr.eval", text, env)) end,
    compile = function(text, env)
      if type(text) == "string" then kit.spend(#text * READING) end
      local checked, err = pure("expr.check", text, env)
      if not checked then return nil, err end
      return kit.object(Program, checked)
    end,
  }
end
