"""The registry that the benchmarks run: tiny scripts, written to a directory of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from actorflow.cli.bench.crowd_scripts import ENTRIES, FILES

_INDEX: Final = """\
namespace: bench
entries:
  - {name: actors, kind: process.host, lifecycle: {auto_start: true}}
  - {name: workflows, kind: workflow.host, lifecycle: {auto_start: true}}
  - {name: step, kind: function.py, source: file://step.py, run: trio}
  - {name: steps_py, kind: workflow.py, source: file://steps.py}
  - {name: steps_lua, kind: workflow.lua, source: file://steps.lua, method: main, modules: [funcs]}
  - {name: leaf_py, kind: workflow.py, source: file://brief.py}
  - {name: leaf_lua, kind: workflow.lua, source: file://brief.lua, method: main}
  - {name: children_py, kind: workflow.py, source: file://children.py}
  - {name: children_lua, kind: workflow.lua, source: file://children.lua, method: main}
  - {name: answerer_py, kind: workflow.py, source: file://echo.py}
  - {name: answerer_lua, kind: workflow.lua, source: file://echo.lua, method: main}
  - {name: asker, kind: process.py, source: file://asker.py}
  - {name: carrier, kind: workflow.py, source: file://carrier.py}
  - {name: carry, kind: function.py, source: file://carry.py, run: trio}
  - {name: waiter, kind: workflow.py, source: file://waiter.py}
  - {name: sleeper_py, kind: workflow.py, source: file://sleeper.py}
  - {name: sleeper_lua, kind: workflow.lua, source: file://sleeper.lua, method: main, modules: [time]}
  - {name: hold, kind: function.py, source: file://hold.py, run: trio}
  - {name: held, kind: workflow.py, source: file://held.py}
  - {name: gate, kind: function.py, source: file://gate.py, run: trio}
  - {name: gated, kind: workflow.py, source: file://gated.py}
  - {name: long, kind: workflow.py, source: file://long.py}
  - {name: ticker, kind: workflow.py, source: file://ticker.py}
  - {name: stamp, kind: function.py, source: file://stamp.py, run: trio}
  - {name: stamped, kind: workflow.py, source: file://stamped.py}
  - {name: echo_py, kind: process.py, source: file://echo.py}
  - {name: player_py, kind: process.py, source: file://player.py}
  - {name: sink_py, kind: process.py, source: file://sink.py}
  - {name: source_py, kind: process.py, source: file://source.py}
  - {name: counter, kind: process.py, source: file://counter.py}
  - {name: counted, kind: process.py, source: file://counted.py}
  - {name: brief_py, kind: process.py, source: file://brief.py}
  - {name: parent_py, kind: process.py, source: file://parent.py}
  - {name: echo_lua, kind: process.lua, source: file://echo.lua, method: main}
  - {name: player_lua, kind: process.lua, source: file://player.lua, method: main}
  - {name: sink_lua, kind: process.lua, source: file://sink.lua, method: main}
  - {name: source_lua, kind: process.lua, source: file://source.lua, method: main}
  - {name: brief_lua, kind: process.lua, source: file://brief.lua, method: main}
  - {name: parent_lua, kind: process.lua, source: file://parent.lua, method: main}
"""

_FILES: Final = {
    "_index.yaml": _INDEX + ENTRIES,
    **FILES,
    "step.py": "async def main(number):\n    return number + 1\n",
    "steps.py": (
        "from actorflow.script import funcs\n\n\n"
        "async def main(steps):\n"
        "    number = 0\n"
        "    for _ in range(steps):\n"
        "        number = await funcs.call('bench:step', number)\n"
        "    return number\n"
    ),
    "steps.lua": (
        "local funcs = require('funcs')\n"
        "local function main(steps)\n"
        "    local number = 0\n"
        "    for _ = 1, steps do number = assert(funcs.call('bench:step', number)) end\n"
        "    return number\n"
        "end\n"
        "return {main = main}\n"
    ),
    "children.py": (
        "from actorflow.script import process\n\n\n"
        "async def main(count):\n"
        "    for _ in range(count):\n"
        "        await process.exec('bench:leaf_py', '')\n"
    ),
    "children.lua": (
        "local function main(count)\n"
        "    for _ = 1, count do\n"
        "        local _, err = process.exec('bench:leaf_lua', 'bench:workflows')\n"
        "        if err then error(err) end\n"
        "    end\n"
        "end\n"
        "return {main = main}\n"
    ),
    "carry.py": "async def main(text):\n    return text\n",
    "carrier.py": (
        "from actorflow.script import funcs\n\n\n"
        "async def main(steps, size):\n"
        "    for _ in range(steps):\n"
        "        await funcs.call('bench:carry', 'x' * size)\n"
    ),
    "asker.py": (
        "from actorflow.script import process\n\n\n"
        "async def main(run):\n"
        "    await process.send(run, 'ping', 1)\n"
        "    await process.inbox().receive()\n"
    ),
    "sleeper.py": (
        "from actorflow.script import time\n\n\nasync def main(patience):\n    await time.sleep(patience)\n"
    ),
    "sleeper.lua": ("local time = require('time')\nreturn {main = function(patience) time.sleep(patience) end}\n"),
    "hold.py": (
        "import os\n\nimport trio\n\n\n"
        "async def main(path):\n"
        "    if not os.path.exists(path):\n"
        "        await trio.sleep_forever()\n"
        "    return path\n"
    ),
    "held.py": (
        "from actorflow.script import funcs\n\n\n"
        "async def main(path):\n"
        "    return await funcs.call('bench:hold', path)\n"
    ),
    "gate.py": (
        "import os\n\nimport trio\n\n\n"
        "async def main(path):\n"
        "    if not os.path.exists(path):\n"
        "        open(path + '.reached', 'w').close()\n"
        "        await trio.sleep_forever()\n"
        "    return path\n"
    ),
    "gated.py": (
        "from actorflow.script import funcs\n\n\n"
        "async def main(steps, path):\n"
        "    for number in range(steps):\n"
        "        await funcs.call('bench:step', number)\n"
        "    return await funcs.call('bench:gate', path)\n"
    ),
    "long.py": (
        "from actorflow.script import funcs, process\n\n\n"
        "async def main(steps):\n"
        "    for number in range(steps):\n"
        "        await funcs.call('bench:step', number)\n"
        "    await process.inbox().receive()\n"
    ),
    "ticker.py": (
        "from actorflow.script import funcs, time\n\n\n"
        "async def main():\n"
        "    number = 0\n"
        "    while True:\n"
        "        number = await funcs.call('bench:step', number)\n"
        "        await time.sleep('200ms')\n"
    ),
    "stamp.py": (
        "import os\nimport time\n\n\n"
        "async def main():\n"
        "    return [time.time_ns(), os.environ['ACTORFLOW_NODE_NAME']]\n"
    ),
    "stamped.py": (
        "from actorflow.script import funcs\n\n\nasync def main():\n    return await funcs.call('bench:stamp')\n"
    ),
    "waiter.py": (
        "from actorflow.script import process\n\n\n"
        "async def main():\n"
        "    message = await process.inbox().receive()\n"
        "    return message.payload\n"
    ),
    "echo.py": (
        "from actorflow.script import process\n\n\n"
        "async def main():\n"
        "    inbox = process.inbox()\n"
        "    while True:\n"
        "        message = await inbox.receive()\n"
        "        await process.send(message.sender, 'pong', message.payload)\n"
    ),
    "player.py": (
        "from actorflow.script import process\n\n\n"
        "async def main(echo, rounds, payload):\n"
        "    inbox = process.inbox()\n"
        "    for _ in range(rounds):\n"
        "        await process.send(echo, 'ping', payload)\n"
        "        await inbox.receive()\n"
        "    return rounds\n"
    ),
    "sink.py": (
        "from actorflow.script import process\n\n\n"
        "async def main(rounds):\n"
        "    inbox = process.inbox()\n"
        "    for _ in range(rounds):\n"
        "        await inbox.receive()\n"
    ),
    "source.py": (
        "from actorflow.script import process\n\n\n"
        "async def main(sink, rounds, payload):\n"
        "    for _ in range(rounds):\n"
        "        await process.send(sink, 'item', payload)\n"
    ),
    "counter.py": (
        "from actorflow.script import process\n\n\n"
        "async def main():\n"
        "    inbox = process.inbox()\n"
        "    left = 1\n"
        "    while left:\n"
        "        message = await inbox.receive()\n"
        "        left = message.payload[0]\n"
        "    await process.send(message.sender, 'counted', 1)\n"
    ),
    "counted.py": (
        "from actorflow.script import process\n\n\n"
        "async def main(counter, rounds, payload):\n"
        "    inbox = process.inbox()\n"
        "    for left in range(rounds - 1, -1, -1):\n"
        "        await process.send(counter, 'item', [left, payload])\n"
        "    await inbox.receive()\n"
    ),
    "brief.py": "async def main():\n    return None\n",
    "parent.py": (
        "from actorflow.script import process\n\n\n"
        "async def main(rounds):\n"
        "    for _ in range(rounds):\n"
        "        await process.spawn('bench:brief_py', 'bench:actors')\n"
    ),
    "echo.lua": (
        "local function main()\n"
        "    local inbox = process.inbox()\n"
        "    while true do\n"
        "        local message = inbox:receive()\n"
        "        process.send(message:from(), 'pong', message:payload():data())\n"
        "    end\n"
        "end\n"
        "return {main = main}\n"
    ),
    "player.lua": (
        "local function main(echo, rounds, payload)\n"
        "    local inbox = process.inbox()\n"
        "    for _ = 1, rounds do\n"
        "        process.send(echo, 'ping', payload)\n"
        "        inbox:receive()\n"
        "    end\n"
        "    return rounds\n"
        "end\n"
        "return {main = main}\n"
    ),
    "sink.lua": (
        "local function main(rounds)\n"
        "    local inbox = process.inbox()\n"
        "    for _ = 1, rounds do inbox:receive() end\n"
        "end\n"
        "return {main = main}\n"
    ),
    "source.lua": (
        "local function main(sink, rounds, payload)\n"
        "    for _ = 1, rounds do process.send(sink, 'item', payload) end\n"
        "end\n"
        "return {main = main}\n"
    ),
    "brief.lua": "return {main = function() end}\n",
    "parent.lua": (
        "local function main(rounds)\n"
        "    for _ = 1, rounds do assert(process.spawn('bench:brief_lua', 'bench:actors')) end\n"
        "end\n"
        "return {main = main}\n"
    ),
}


def write_registry(directory: Path) -> Path:
    """Write the registry into `directory` and return it."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in _FILES.items():
        (directory / name).write_text(text)
    return directory
