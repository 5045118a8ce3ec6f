"""A few real nodes of one registry that talk over TCP, each with a data directory of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from actorflow.errors import Error
from actorflow.node.control_client import ControlClient
from tests.ports import free_port
from tests.stalls import stalled

COMMAND = str(Path(sys.executable).parent / "actorflow")
PATIENCE = 90.0
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("ACTORFLOW_")}
REGISTRY = """
namespace: app
entries:
  - {name: processes, kind: process.host, lifecycle: {auto_start: true}}
  - {name: groups, kind: pg.scope}
  - name: idle
    kind: process.lua
    source: |
      return function(name, scope)
        if name then assert(process.registry.register(name, process.pid(), scope)) end
        assert(pg.open("app:groups"):join("idlers"))
        process.inbox():receive()
        return "told to end"
      end
    modules: [process, pg]
  - name: idle_py
    kind: process.py
    modules: [process, pg]
    source: |
      from actorflow.script import pg, process

      async def main(name, scope):
          await process.registry.register(name, scope=scope)
          groups = await pg.open("app:groups")
          await groups.join("idlers")
          await process.inbox().receive()

    method: main
  - name: look
    kind: process.lua
    modules: [process, pg]
    source: |
      return function(...)
        local found = {}
        for at, name in ipairs({...}) do found[at] = process.registry.lookup(name) or "nobody" end
        return {found = found, members = assert(pg.open("app:groups"):get_members("idlers"))}
      end
  - name: watch
    kind: process.lua
    modules: [process]
    source: |
      return function(host, how, name)
        process.set_options({trap_links = true})
        local events = process.events()
        local pid = assert(process["spawn_" .. how]("app:idle", host, name, name and process.registry.EVENTUAL))
        process.send(process.pid(), "started", pid)
        local event = events:receive()
        local problem = event.result.error
        return {kind = event.kind, of_child = event.from == pid, value = event.result.value,
                error = problem and problem:message(), error_kind = problem and problem:kind(), pid = pid}
      end
  - name: count
    kind: process.py
    source: |
      from actorflow.script import process

      async def main(pid, count):
          for number in range(count):
              await process.send(pid, "number", number)

    method: main
  - name: collect
    kind: process.py
    source: |
      from actorflow.script import process

      async def main(count):
          inbox = process.inbox()
          return [(await inbox.receive()).payload for _ in range(count)]

    method: main
"""
NODE = """
node:
  listen: 127.0.0.1:0
  secret: a secret for the tests only
  heartbeat: 300ms
  down_after: 2s
"""


class MeshNode:
    """One node; `start` may be called again after its end."""

    def __init__(self, directory: Path, name: str, seed: int, port: int) -> None:
        self.directory, self.name, self.seed, self.port = directory, name, seed, port
        self.data = directory / f"data-{name}"
        self.environment: dict[str, str] = {}
        self.process: subprocess.Popen[bytes]

    @property
    def client(self) -> ControlClient:
        return ControlClient(self.data)

    def start(self) -> None:
        environment = {
            **ENVIRONMENT,
            **self.environment,
            "ACTORFLOW_NODE_NAME": self.name,
            "ACTORFLOW_NODE_LISTEN": f"127.0.0.1:{self.port}",
            "ACTORFLOW_NODE_SEEDS": f"127.0.0.1:{self.seed}",
        }
        with (self.directory / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*stalled(COMMAND), "up", str(self.directory / "registry"), "--data", str(self.data)],
                env=environment,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE)

    def end(self) -> None:
        if self.process.poll() is None:
            self.kill()

    def members(self) -> dict[str, dict[str, Any]]:
        try:
            return {line["name"]: line for line in self.client.request("nodes", {})}
        except Error:
            return {}

    def states(self) -> dict[str, str]:
        return {name: line["state"] for name, line in self.members().items()}

    def ended(self, pid: str) -> bool:
        return all(line["pid"] != pid for line in self.client.request("ps", {}))

    def spawn(self, entry: str, *args: Any, host: str = "app:processes") -> str:
        return str(self.client.spawn(entry, host, list(args)))


def made(directory: Path, *names: str) -> list[MeshNode]:
    """Return nodes that are not started; the first of them is the seed of all."""
    (directory / "registry").mkdir()
    (directory / "registry" / "_index.yaml").write_text(REGISTRY)
    (directory / "registry" / "node.yaml").write_text(NODE)
    seed = free_port()
    return [MeshNode(directory, name, seed, seed if name == names[0] else free_port()) for name in names]


def until(holds: Callable[[], Any], what: str = "") -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (found := holds()):
        assert time.monotonic() < deadline, f"waited in vain {what}"
        time.sleep(0.02)
    return found
