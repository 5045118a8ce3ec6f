"""A worker of ours that serves the same workflow as the plain one, in one of our languages."""

from __future__ import annotations

import json
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import trio

import actorflow
from hosts.temporal.bench.meter import serve

_PYTHON = """
from actorflow.script import funcs


async def main(steps):
    answer = 0
    for n in range(steps):
        answer = await funcs.call("bench:double", n)
    return answer
"""
_LUA = """
local function main(steps)
  local answer = 0
  for n = 0, steps - 1 do answer = funcs.call("bench:double", n) end
  return answer
end

return {main = main}
"""
_DOUBLE = "async def double(n):\n    return 2 * n\n"


async def main(address: str, queue: str, language: str) -> None:
    """Serve until the input ends."""
    with tempfile.TemporaryDirectory(prefix="actorflow-bench-") as folder:
        path = Path(folder)
        for name, text in (("steps.py", _PYTHON), ("steps.lua", _LUA), ("double.py", _DOUBLE)):
            (path / name).write_text(text)
        entries = _entries(address, queue, language)
        (path / "_index.yaml").write_text(json.dumps({"namespace": "bench", "entries": entries}))
        async with actorflow.open(path, data=path / "data"):
            await trio.to_thread.run_sync(serve)


def _entries(address: str, queue: str, language: str) -> list[dict[str, Any]]:
    started: dict[str, Any] = {"auto_start": True}
    script: dict[str, Any] = {"kind": "workflow.py", "source": "file://steps.py"}
    if language == "lua":
        script = {"kind": "workflow.lua", "source": "file://steps.lua", "modules": ["funcs"]}
    worker = {"kind": "temporal.worker", "client": "client", "task_queue": queue}
    return [
        {"name": "client", "kind": "temporal.client", "address": address, "lifecycle": started},
        {"name": "worker", **worker, "lifecycle": {**started, "requires": ["client"]}},
        {"name": "steps", "method": "main", **script},
        {"name": "double", "kind": "function.py", "source": "file://double.py", "method": "double", "run": "trio"},
    ]


if __name__ == "__main__":
    trio.run(partial(main, *sys.argv[1:4]))
