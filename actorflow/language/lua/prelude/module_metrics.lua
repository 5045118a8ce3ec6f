-- The `metrics` module: measurements are notes of the level "metric", so a replay is silent. Called with (kit, sys, core) -> module.

return function(kit, _, core)
  local function measure(operation, name, value, labels)
    local texts, problem = kit.pure("metrics.check", operation, name, value, labels)
    if problem then return nil, problem end
    core.note("metric", name, kit.encode_map({operation = operation, value = value, labels = texts}, "labels"))
    return true
  end

  return {
    counter_inc = function(name, labels) return measure("counter_add", name, 1, labels) end,
    counter_add = function(name, value, labels) return measure("counter_add", name, value, labels) end,
    gauge_set = function(name, value, labels) return measure("gauge_set", name, value, labels) end,
    gauge_inc = function(name, labels) return measure("gauge_add", name, 1, labels) end,
    gauge_dec = function(name, labels) return measure("gauge_add", name, -1, labels) end,
    histogram = function(name, value, labels) return measure("histogram", name, value, labels) end,
  }
end
