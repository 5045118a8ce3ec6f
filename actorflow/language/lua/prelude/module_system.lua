-- The `system` module: the node about itself. Called with (kit) -> module.

return function(kit)
  local perform = kit.perform

  local function asking(name)
    return function(...) return perform(name, ...) end
  end

  local function refusing(name, reason)
    return function() return nil, kit.invalid(name .. ": " .. reason) end
  end

  return {
    exit = asking("system.exit"),
    modules = asking("system.modules"),
    memory = {
      stats = asking("system.memory.stats"),
      allocated = asking("system.memory.allocated"),
      heap_objects = asking("system.memory.heap_objects"),
      get_limit = asking("system.memory.get_limit"),
      set_limit = refusing("system.memory.set_limit", "the limit is the operating system's; use limits.memory of an isolated entry"),
    },
    gc = {
      collect = asking("system.gc.collect"),
      get_percent = asking("system.gc.get_percent"),
      set_percent = asking("system.gc.set_percent"),
    },
    runtime = {
      goroutines = asking("system.runtime.goroutines"),
      max_procs = asking("system.runtime.max_procs"),
      cpu_count = asking("system.runtime.cpu_count"),
    },
    process = {
      pid = asking("system.process.pid"),
      hostname = asking("system.process.hostname"),
      hosts = asking("system.process.hosts"),
    },
    supervisor = {
      states = asking("system.supervisor.states"),
      state = asking("system.supervisor.state"),
    },
  }
end
