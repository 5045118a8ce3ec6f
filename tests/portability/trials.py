"""Trials: a twin on a host, and what comes of it: its result or failure, its effects and its messages, in order."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import trio

import actorflow
from actorflow.errors import CANCELED, Error, Failure
from actorflow.hosting import Functions
from actorflow.node.node import Node
from actorflow.node.verifying import _failure, _Names
from actorflow.ports import CallRequest, Outcome, Reply
from tests.databases import fresh

HERE = Path(__file__).parent
TWINS = HERE / "twins"
LANGUAGES = ("lua", "py")
HOSTS = ("app:actors", "app:memory", "app:sqlite", "app:postgres", "app:cluster")
PATIENCE = 60
_PARTS = "part_"
_MODULES = ["ctx", "errors", "funcs", "json", "time", "uuid", "workflow"]
_UNWRITTEN = {"app:asked", "app:hang"}
"""What asks for the sake of the test, and what is given up: whether it has begun by then is chance."""
_FUNCTIONS = ("double", "mark", "echo", "changed", "refuse", "flaky", "seen", "hang", "heard")


class Seen(NamedTuple):
    """What came of a trial, with PIDs, UUIDs and times replaced by numbers in the order of appearance."""

    result: Any
    effects: list[str]
    messages: list[str]


def twins() -> list[str]:
    """Return the names of the scripts that there are in both languages, without those that others spawn."""
    both = [{file.stem for file in TWINS.glob(f"*.{language}")} for language in LANGUAGES]
    assert both[0] == both[1], f"no twin: {sorted(both[0] ^ both[1])}"
    return sorted(name for name in both[0] if not name.startswith(_PARTS))


class Ledger:
    """The functions of a node, which write down every call once, under the trial that it belongs to."""

    def __init__(self, node: Node) -> None:
        """Hand every call on to the functions of `node`."""
        assert node.functions is not None
        self._node, self._functions = node, node.functions
        self._known: set[str] = set()
        self.effects: dict[str, list[str]] = defaultdict(list)
        self.messages: dict[str, list[Any]] = defaultdict(list)

    def call(self, request: CallRequest, reply: Reply) -> Callable[[], None]:
        """See `ports.Functions.call`."""
        trial = str(request.context.get("trial", ""))
        if request.invocation_id not in self._known:
            self._known.add(request.invocation_id)
            if request.target == "app:heard":
                self.messages[trial].append(list(request.args))
            elif request.target not in _UNWRITTEN:
                self.effects[trial].append(
                    f"{request.target}({json.dumps(request.args, default=repr, sort_keys=True)})"
                )
        if request.target == "app:asked":
            self._node.nursery.start_soon(self._ask, str(request.args[0]), trial, reply)
            return lambda: None
        return self._functions.call(request, reply)

    async def _ask(self, pid: str, trial: str, reply: Reply) -> None:
        """Update and query a run, which answers while its script waits; what it answers counts as messages."""
        node, told = self._node, self.messages[trial]
        try:
            told.extend([["add", [await node.update(pid, "add", n)]] for n in (2, 3)])
            told.append(["total", [await node.query(pid, "total")]])
            await node.update(pid, "add", -1)
        except Error as error:
            told.append([error.kind, ["negative" in error.message]])
        if told[0][0] == "add":
            told.append(["end", [await node.update(pid, "end")]])
        else:
            await node.cancel(pid, "it cannot be asked")
        reply(Outcome(None))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._functions, name)


class Trials:
    """A node with all hosts, on which twins are tried."""

    def __init__(self, node: Node) -> None:
        """Write down what the functions of `node` are called with."""
        self.node = node
        self.ledger = Ledger(node)
        functions: Functions = self.ledger  # type: ignore[assignment] # the rest is handed on
        node.functions = functions
        self._numbers = count(1)

    async def tried(self, name: str, language: str, host: str, case: Mapping[str, Any]) -> Seen:
        """Run a twin and return what came of it, once everything that is expected to be heard of it has been."""
        node, trial = self.node, f"{next(self._numbers)} {name}"
        context = {"trial": trial}
        observer = await node.spawn("app:observer", host="app:actors", context=context)
        result: Any
        try:
            pid = await node.spawn(
                f"app:{name}_{language}",
                host=host,
                args=[_bytes(arg) for arg in case.get("args", ())],
                messages=[(topic, tuple(payloads)) for topic, *payloads in case.get("sent", ())],
                context={**context, "observer": observer, "host": host},
            )
            result = await node.wait(pid, timeout=PATIENCE)
        except Error as error:
            result = {"failure": _failed(error.failure)}
        with trio.move_on_after(PATIENCE):
            while len(self.ledger.messages[trial]) < len(case.get("messages", ())):  # noqa: ASYNC110 - an actor of the node writes them
                await trio.sleep(0.005)
        await node.send(observer, "end")
        await node.wait(observer, timeout=PATIENCE)
        names = _Names()
        effects = [names.of(effect) for effect in self.ledger.effects[trial]]
        messages = [json.dumps(names.of(message)) for message in self.ledger.messages[trial]]
        return Seen(json.loads(json.dumps(names.of(result), default=repr)), effects, messages)


@asynccontextmanager
async def trials(path: Path, server: str, hosts: tuple[str, ...] = HOSTS) -> AsyncIterator[Trials]:
    """Boot a node with these hosts for the block."""
    entries = list(_entries(path, server, hosts))
    (path / "_index.yaml").write_text(json.dumps({"namespace": "app", "entries": entries}))
    async with actorflow.open(path, data=path / "data", notices=lambda _notice: None) as node:
        yield Trials(node)


def _entries(path: Path, server: str, hosts: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    started: dict[str, Any] = {"lifecycle": {"auto_start": True}}
    yield {"name": "actors", "kind": "process.host", **started}
    yield {"name": "memory", "kind": "workflow.host", "database": "memory", **started}
    yield {"name": "sqlite", "kind": "workflow.host", "database": "file", **started}
    yield {"name": "file", "kind": "db.sql.sqlite", "file": "runs.db"}
    if "app:postgres" in hosts:
        url = fresh("postgres")
        about = {"host": url.host, "port": url.port, "database": url.database, "username": url.username or ""}
        yield {"name": "server", "kind": "db.sql.postgres", "password": url.password or "", **about}
        yield {"name": "postgres", "kind": "workflow.host", "database": "server", **started}
    if "app:cluster" in hosts:
        yield {"name": "client", "kind": "temporal.client", "address": server, **started}
        worker = {"kind": "temporal.worker", "client": "client", "task_queue": f"twins-{path.name}"}
        yield {"name": "cluster", **worker, "lifecycle": {"auto_start": True, "requires": ["client"]}}
    yield from _scripts(path)


def _scripts(path: Path) -> Iterator[dict[str, Any]]:
    for file in (*TWINS.iterdir(), *HERE.glob("*.lua"), HERE / "functions.py", HERE / "observer.py"):
        (path / file.name).write_bytes(file.read_bytes())
    for file in TWINS.glob("*.lua"):
        about = {"kind": "process.lua", "source": f"file://{file.name}", "method": "main", "modules": _MODULES}
        yield {"name": f"{file.stem}_lua", **about}
    for file in TWINS.glob("*.py"):
        yield {"name": f"{file.stem}_py", "kind": "process.py", "source": f"file://{file.name}", "method": "main"}
    for name in _FUNCTIONS:
        run = "trio" if name == "hang" else "thread"
        yield {"name": name, "kind": "function.py", "source": "file://functions.py", "method": name, "run": run}
    yield {"name": "asked", "kind": "function.py", "source": "file://functions.py", "method": "mark", "run": "thread"}
    yield {
        "name": "triple",
        "kind": "function.lua",
        "source": "file://triple.lua",
        "modules": ["errors"],
        "method": "main",
    }
    yield {"name": "observer", "kind": "process.py", "source": "file://observer.py", "method": "main"}


def _failed(failure: Failure) -> dict[str, Any]:
    """Return a failure as data; the reason of a cancellation is in its message, and in Lua in its details too."""
    told = _failure(failure)
    return {**told, "details": None} if failure.kind == CANCELED else told


def _bytes(value: Any) -> Any:
    """Return an argument of a case; what JSON has no word for is written as `{"bytes": "hex"}`."""
    return bytes.fromhex(value["bytes"]) if isinstance(value, dict) and set(value) == {"bytes"} else value
