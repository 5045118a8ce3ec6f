"""Scripts of the workloads of many processes, in both languages: `NAME.py` and `NAME.lua` are twins."""

from __future__ import annotations

from typing import Final

_PYTHON: Final = {
    "relay": """\
from actorflow.script import process


async def main(following):
    async for message in process.inbox():
        await process.send(following, message.topic, message.payload)
        if message.topic == "stop":
            return
""",
    "ring": """\
from actorflow.script import process


async def main(size, rounds, payload):
    following, inbox = process.pid(), process.inbox()
    for _ in range(size - 1):
        following = await process.spawn("bench:relay_py", "bench:actors", following)
    for _ in range(rounds - 1):
        await process.send(following, "token", payload)
        await inbox.receive()
    await process.send(following, "stop", payload)
    await inbox.receive()
""",
    "select": """\
from actorflow.script import channel, process


async def fill(items, count):
    for number in range(count):
        await items.send(number)


async def main(count):
    channels = [channel.new(1) for _ in range(3)]
    for items in channels:
        await process.start(fill, items, count // 3)
    for _ in range(count // 3 * 3):
        await channel.select(*channels)
""",
    "wait": """\
from actorflow.script import process


async def main():
    await process.inbox().receive()
""",
    "links": """\
from actorflow.script import process


async def main(count):
    for _ in range(count):
        await process.spawn_linked("bench:wait_py", "bench:actors")
    raise ValueError("the end of all")
""",
    "monitors": """\
from actorflow.script import process


async def main(count):
    events = process.events()
    for _ in range(count):
        await process.spawn_monitored("bench:brief_py", "bench:actors")
    for _ in range(count):
        await events.receive()
""",
    "caller": """\
from actorflow.script import funcs


async def main(count):
    for number in range(count):
        await funcs.call("bench:plus_py", number)
""",
    "loop": """\
async def main(count):
    total = 0
    for number in range(count):
        total += number
    return total
""",
    "busy": """\
from actorflow.script import process


async def main():
    total = 0
    while True:
        for number in range(1000):
            total += number
        await process.checkpoint()
""",
}

_LUA: Final = {
    "relay": """\
local function main(following)
    for message in process.inbox():iter() do
        process.send(following, message:topic(), message:payload():data())
        if message:topic() == "stop" then return end
    end
end
return {main = main}
""",
    "ring": """\
local function main(size, rounds, payload)
    local following, inbox = process.pid(), process.inbox()
    for _ = 1, size - 1 do following = assert(process.spawn("bench:relay_lua", "bench:actors", following)) end
    for _ = 1, rounds - 1 do
        process.send(following, "token", payload)
        inbox:receive()
    end
    process.send(following, "stop", payload)
    inbox:receive()
end
return {main = main}
""",
    "select": """\
local function main(count)
    local cases, each = {}, count // 3
    for i = 1, 3 do
        local items = channel.new(1)
        cases[i] = items:case_receive()
        coroutine.spawn(function() for number = 1, each do items:send(number) end end)
    end
    for _ = 1, each * 3 do channel.select(cases) end
end
return {main = main}
""",
    "wait": "return {main = function() process.inbox():receive() end}\n",
    "links": """\
local function main(count)
    for _ = 1, count do assert(process.spawn_linked("bench:wait_lua", "bench:actors")) end
    error("the end of all")
end
return {main = main}
""",
    "monitors": """\
local function main(count)
    local events = process.events()
    for _ = 1, count do assert(process.spawn_monitored("bench:brief_lua", "bench:actors")) end
    for _ = 1, count do events:receive() end
end
return {main = main}
""",
    "caller": """\
local funcs = require("funcs")
local function main(count)
    for number = 1, count do assert(funcs.call("bench:plus_lua", number)) end
end
return {main = main}
""",
    "loop": """\
local function main(count)
    local total = 0
    for number = 1, count do total = total + number end
    return total
end
return {main = main}
""",
    "busy": """\
local function main()
    local total, inbox, me = 0, process.inbox(), process.pid()
    while true do
        for number = 1, 1000 do total = total + number end
        process.send(me, "on")
        inbox:receive()
    end
end
return {main = main}
""",
}

_FUNCTIONS: Final = {
    "plus.py": "async def main(number):\n    return number + 1\n",
    "plus.lua": "return {main = function(number) return number + 1 end}\n",
}

FILES: Final = {
    **{f"{name}.py": text for name, text in _PYTHON.items()},
    **{f"{name}.lua": text for name, text in _LUA.items()},
    **_FUNCTIONS,
}
"""What to write, by file name."""

ENTRIES: Final = "".join(
    [
        "  - {name: plus_py, kind: function.py, source: file://plus.py, run: trio}\n",
        "  - {name: plus_lua, kind: function.lua, source: file://plus.lua, method: main}\n",
        *[f"  - {{name: {name}_py, kind: process.py, source: file://{name}.py}}\n" for name in _PYTHON],
        *[
            f"  - {{name: {name}_lua, kind: process.lua, source: file://{name}.lua, method: main, modules: [funcs]}}\n"
            for name in _LUA
        ],
    ]
)
"""Their entries, lines of the registry's YAML."""
