"""A node with process hosts whose scripts are the generators of the test language."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import SimpleNamespace
from typing import Any

import trio

from actorflow.bundle import Bundle
from actorflow.clock import Clock
from actorflow.errors import Error, not_found
from actorflow.machine.machine import Machine
from actorflow.machine.op import Op
from actorflow.node.node import Node
from actorflow.notice import Notice
from actorflow.ports import NO_SLICES
from hosts.function import FunctionHost
from hosts.process import ProcessHost
from tests.unit.machine.scripted import Program, Running, Script

HOST = "app:processes"
OTHER = "app:others"


@dataclass
class Entry:
    """A registry entry of a test."""

    kind: str
    meta: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    fault: Error | None = None

    @property
    def about(self) -> Any:
        return SimpleNamespace(default_host=self.meta.get("default_host"), temporal=None)

    @property
    def options(self) -> Mapping[str, Any]:
        return self.meta.get("options", {})

    def require(self) -> None:
        if self.fault is not None:
            raise self.fault


class FakeRegistry:
    """Entries given one by one; the bundle of a generator script carries its id as source."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {HOST: Entry("process.host"), "app:idle": Entry("process.host")}
        self.bundles: dict[str, Bundle] = {}
        self.scripts: dict[str, Script] = {}

    def add(self, entry_id: str, script: Script, kind: str = "process.test", **meta: Any) -> None:
        self.entries[entry_id] = Entry(kind, meta)
        self.scripts[entry_id] = script
        self.bundles[entry_id] = Bundle(entry_id, kind, source=entry_id)

    def add_python(self, entry_id: str, source: str, run: str = "", method: str = "main", **meta: Any) -> None:
        self.entries[entry_id] = Entry("function.py", meta, {"run": run} if run else {})
        self.bundles[entry_id] = Bundle(entry_id, "function.py", source, file="shop.py", method=method)

    def entry(self, entry_id: str) -> Entry:
        if entry_id not in self.entries:
            close = get_close_matches(entry_id, self.entries, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise not_found(f"no entry {entry_id!r}{hint}")
        return self.entries[entry_id]

    def bundle(self, entry_id: str) -> Bundle:
        return self.bundles[entry_id]


class FakeLanguage:
    """Compiles a bundle to the generator script registered under its id."""

    def __init__(self, registry: FakeRegistry) -> None:
        self.registry = registry
        self.compiled: list[str] = []
        self.fault: Error | None = None
        self.open_fault: Error | None = None
        self.is_loading: Callable[[], bool] = bool

    def compile(self, bundle: Bundle, *, durable: bool = False, slices: Mapping[str, int] = NO_SLICES) -> Program:
        del durable, slices
        if self.fault is not None:
            raise self.fault
        self.compiled.append(bundle.id)
        return _Program(self, self.registry.scripts[bundle.id])


class _Program(Program):
    """A program that fails to open while its language has an `open_fault`."""

    def __init__(self, language: FakeLanguage, script: Script) -> None:
        super().__init__(script)
        self.language = language

    def open(self, machine: Machine) -> Running:
        if self.language.open_fault is not None:
            raise self.language.open_fault
        running = super().open(machine)
        running.is_loading = self.language.is_loading
        return running


class Rig:
    """An open node with two process hosts and a function host."""

    def __init__(
        self,
        boot: int = 0,
        limits: Mapping[str, Any] | None = None,
        clock: Clock | None = None,
        name: str = "local",
    ) -> None:
        self.registry = FakeRegistry()
        self.notices: list[Notice] = []
        self.logs: list[tuple[str, str, Mapping[str, Any]]] = []
        self.language = FakeLanguage(self.registry)
        self.node = Node(
            self.registry,
            {"test": self.language, "lua": self.language},
            name=name,
            boot=boot,
            clock=clock,
            notices=self.notices.append,
            log=lambda level, text, fields: self.logs.append((level, text, fields)),
        )
        self.host = ProcessHost(HOST, {"limits": limits or {}}, self.node)
        self.other = ProcessHost(OTHER, {}, self.node)
        self.functions = FunctionHost("app:functions", {}, self.node)

    def add(self, entry_id: str, script: Script, kind: str = "process.test", **meta: Any) -> str:
        self.registry.add(entry_id, script, kind, **meta)
        return entry_id

    async def run(self, script: Script, *args: Any, timeout: float = 5) -> Any:  # noqa: ASYNC109 - passed on
        """Spawn a script on the first host and return its result."""
        self.registry.add("app:main", script)
        self.registry.bundles["app:main"] = Bundle("app:main", "process.test", source=f"{id(script)}")
        return await self.node.exec("app:main", host=HOST, args=args, timeout=timeout)


@asynccontextmanager
async def rig(boot: int = 0, limits: Mapping[str, Any] | None = None, clock: Clock | None = None) -> AsyncIterator[Rig]:
    """Open a rig for the block."""
    made = Rig(boot, limits, clock)
    async with made.node.open():
        await made.node.start_host(made.host)
        await made.node.start_host(made.other)
        await made.functions.start()
        yield made


async def until(condition: Callable[[], object]) -> None:
    """Return when the condition holds; fail after a while."""
    with trio.fail_after(60):
        while not condition():  # noqa: ASYNC110 - there is no event for what the tests look at
            await trio.sleep(0.001)


def child(command: str = "wait") -> Any:
    """End as told: at once, or when a message says how."""
    if command == "wait":
        inbox = yield (Op.INBOX,)
        message, _ = yield (Op.RECEIVE, inbox)
        command = message.topic
    if command == "fail":
        raise Error("boom", "Conflict")
    return command
