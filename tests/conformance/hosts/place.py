"""A registry with scripts in both languages and both kinds of host, and nodes that serve it one after another."""

from __future__ import annotations

import json
import textwrap
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trio

import actorflow
from actorflow.node.node import Node
from actorflow.notice import Notice
from tests.conformance.process.rig import until

ACTORS, FLOWS = "app:actors", "app:flows"
HOSTS = (ACTORS, FLOWS)
MODULES = ["ctx", "funcs", "json", "logger", "time", "uuid", "workflow"]


class Place:
    """A directory with a registry and its data; `notices` has what every node of it noticed."""

    def __init__(self, path: Path, flows: Mapping[str, Any] | None = None) -> None:
        self.path = path
        self.notices: list[Notice] = []
        started = {"lifecycle": {"auto_start": True}}
        self.entries: dict[str, dict[str, Any]] = {
            "actors": {"kind": "process.host", **started},
            "flows": {"kind": "workflow.host", **started, **(flows or {})},
        }

    def lua(self, name: str, source: str, kind: str = "process", **fields: Any) -> str:
        """Write a Lua script or function whose `main` is in `source`, and return its id."""
        text = textwrap.dedent(source).strip("\n") + "\nreturn {main = main}\n"
        return self._add(name, f"{kind}.lua", f"{name}.lua", text, method="main", modules=MODULES, **fields)

    def python(self, name: str, source: str, kind: str = "process", **fields: Any) -> str:
        """Write a Python script or function, and return its id."""
        return self._add(name, f"{kind}.py", f"{name}.py", textwrap.dedent(source).lstrip("\n"), **fields)

    def _add(self, name: str, kind: str, file: str, text: str, **fields: Any) -> str:
        (self.path / file).write_text(text)
        self.entries[name] = {"kind": kind, "source": f"file://{file}", **fields}
        return f"app:{name}"

    def save(self) -> None:
        """Write the registry as it is now."""
        entries = [{"name": name, **fields} for name, fields in self.entries.items()]
        (self.path / "_index.yaml").write_text(json.dumps({"namespace": "app", "entries": entries}))

    @asynccontextmanager
    async def node(self) -> AsyncIterator[Node]:
        """Boot the registry as it is now for the block."""
        self.save()
        with trio.fail_after(240):
            async with actorflow.open(self.path, notices=self.notices.append) as node:
                yield node


async def same(place: Place, entries: tuple[str, ...], *args: Any) -> Any:
    """Run entries on both hosts, see that all give the same result, and return it."""
    async with place.node() as node:
        results = [await node.exec(entry, host=host, args=args, timeout=20) for entry in entries for host in HOSTS]
    assert all(result == results[0] for result in results), results
    return results[0]


async def waiting_for(node: Node, pid: str) -> None:
    """Return when a process waits for something."""
    await until(lambda: any(info.pid == pid and info.state == "waiting" and info.waits for info in node.processes()))


async def spawned(node: Node, entry: str, workflow_id: str, *args: object) -> str:
    """Start a run by a name; return its PID."""
    return await node.spawn(entry, host=FLOWS, args=list(args), options={"workflow.id": workflow_id})
