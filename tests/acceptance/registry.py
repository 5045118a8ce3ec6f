"""The registry most acceptance tests use: each kind of entry, in both languages, and some that are broken."""

INDEX = """
version: "1.0"
namespace: app
entries:
  - name: actors
    kind: process.host
    lifecycle: {auto_start: true}
  - name: flows
    kind: workflow.host
    lifecycle: {auto_start: true}

  - name: greet_py
    kind: function.py
    source: file://greet.py
  - name: greet_lua
    kind: function.lua
    source: file://greet.lua
    method: main
  - name: refuse
    kind: function.py
    source: file://greet.py
    method: refuse
  - name: slow
    kind: function.py
    source: file://greet.py
    method: slow

  - name: wait_py
    kind: workflow.py
    source: file://wait.py
  - name: wait_lua
    kind: workflow.lua
    source: file://wait.lua
    method: main
    modules: [funcs]
  - name: sleep
    kind: workflow.py
    source: file://wait.py
    method: sleep
  - name: fail
    kind: workflow.py
    source: file://wait.py
    method: fail
  - name: stubborn
    kind: process.py
    source: file://wait.py
    method: stubborn
  - name: loop_py
    kind: process.py
    source: file://loop.py
  - name: loop_lua
    kind: process.lua
    source: "return function() while true do end end"
  - name: glutton
    kind: process.lua
    source: "return function() local t = {} while true do t[#t + 1] = ('x'):rep(1000000) .. #t end end"
    isolate: true

  - name: crash
    kind: process.lua
    source: file://crash.lua
    method: main
  - name: crashing
    kind: process.service
    process: crash
    host: app:actors
    lifecycle:
      auto_start: true
      restart: {initial_delay: 50ms, max_delay: 50ms}
"""

FILES = {
    "greet.py": """
        import trio

        async def main(name="nobody", more=None):
            return {"hello": name, "more": more}

        def refuse():
            raise ValueError("no good")

        async def slow():
            await trio.sleep(60)
    """,
    "greet.lua": """
        local function main(name)
          return { hello = name }
        end
        return { main = main }
    """,
    "wait.py": """
        from actorflow.script import funcs, process, time

        async def main(name):
            greeting = await funcs.call("app:greet_py", name)
            inbox = process.inbox()
            message = await inbox.receive()
            return {"greeting": greeting, "topic": message.topic, "payload": message.payload}

        async def sleep(seconds):
            await time.sleep(seconds)
            return "slept"

        async def stubborn():
            events = process.events()  # opened and never read: whoever cancels it waits in vain
            await process.inbox().receive()
            return events

        async def fail():
            raise ValueError("always")
    """,
    "wait.lua": """
        local funcs = require("funcs")

        local function main(name)
          local greeting = funcs.call("app:greet_lua", name)
          local message = process.inbox():receive()
          return { greeting = greeting, topic = message:topic(), payload = message:payload():data() }
        end
        return { main = main }
    """,
    "loop.py": """
        async def main():
            while True:
                pass
    """,
    "crash.lua": """
        local function main()
          process.registry.register("crashing")
          local message = process.inbox():receive()
          error("told to crash by " .. message:topic())
        end
        return { main = main }
    """,
}

BROKEN = """
namespace: bad
entries:
  - name: missing_source
    kind: function.py
    source: file://nowhere.py
  - name: wrong_type
    kind: workflow.host
    concurrency: many
    lifecycle: {auto_start: true}
  - name: no_compile
    kind: process.lua
    source: "local = 5"
  - name: needs_broken
    kind: process.service
    process: no_compile
    host: app:actors
    lifecycle: {auto_start: true}
  - name: misspelled
    kind: function.py
    sorce: greet.py
    source: |
        def main():
            return 1
"""
