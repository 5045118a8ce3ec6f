"""A world for Lua scripts: a driver that remembers what it was asked, and answers what a test says."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from actorflow.bundle import Bundle
from actorflow.errors import Failure
from actorflow.language.lua import LuaLanguage
from actorflow.machine.machine import Machine
from actorflow.notice import Notice
from actorflow.ports import PENDING, Carried, Identity, Outcome, SpawnRequest

MODULES = ("ctx", "funcs", "json", "logger", "time", "uuid", "workflow")
NOW = 1_700_000_000_123_456_789
PID = "{local@app:host|0x00001}"
CHILD = "{local@app:host|0x00002}"
POSTABLE = "{local@app:host|0x00003}"
"""Who is reached without an op."""


class World:
    """One process in a world of its own. `asked` has each request; `answers` maps a call target to what it gives."""

    def __init__(self, *, durable: bool = False, context: Mapping[str, Any] | None = None) -> None:
        self.identity = Identity(PID, "app:script", "app:host", context or {}, durable=durable)
        self.clock = NOW
        self.asked: list[tuple[Any, ...]] = []
        self.answers: dict[str, Any] = {}
        self.notes: list[tuple[str, str, Mapping[str, Any]]] = []
        self.notices: list[Notice] = []
        self.timers: list[tuple[int, int]] = []
        self.canceled: list[int] = []
        self.draws = 0

    # ---- ports.Driver ------------------------------------------------------------------------------------------

    def now(self) -> int:
        return self.clock

    def draw(self, kind: str, size: int) -> bytes:
        self.asked.append(("draw", kind, size))
        self.draws += 1
        return bytes((self.draws * 37 + place * 11) % 256 for place in range(size))

    def call(self, ref: int, target: str, args: tuple[Any, ...], options: Mapping[str, Any]) -> Any:
        self.asked.append(("call", ref, target, args, dict(options)))
        return self._answer(target)

    def timer(self, ref: int, delay: int) -> None:
        self.timers.append((ref, delay))

    def spawn(self, ref: int, request: SpawnRequest, *, wait: bool) -> Any:
        self.asked.append(("exec" if wait else "spawn", ref, request))
        return self._answer(request.entry, CHILD)

    def send(self, ref: int, dest: str, topic: str, payloads: tuple[Any, ...]) -> Any:
        self.asked.append(("send", ref, dest, topic, payloads))
        return self._answer(dest, answer=True)

    def post(self, dest: str, topic: str, payloads: tuple[Any, ...]) -> bool:
        if dest != POSTABLE or type(payloads[0]) is Carried:  # nobody is there who could take it as it is
            return False
        self.asked.append(("post", dest, topic, payloads))
        return True

    def away(self, _lane: Any, _work: Any) -> bool:
        return False

    def control(self, ref: int, verb: str, target: str, detail: Any) -> Any:
        self.asked.append((verb, ref, target, detail))
        return self._answer(target, answer=True)

    def name(self, ref: int, verb: str, name: str, pid: str) -> Any:
        self.asked.append((verb, ref, name, pid))
        return self._answer(name, answer=PID if verb == "lookup" else True)

    def perform(self, ref: int, operation: str, args: tuple[Any, ...]) -> Any:
        self.asked.append((operation, ref, args))
        return self._answer(operation)

    def cancel(self, ref: int) -> None:
        self.canceled.append(ref)

    def note(self, level: str, text: str, fields: Mapping[str, Any]) -> None:
        self.notes.append((level, text, fields))

    def notice(self, notice: Notice) -> None:
        self.notices.append(notice)

    def end_now(self, failure: Failure) -> None:
        self.machine.end(Outcome(failure=failure))

    def _answer(self, name: str, answer: Any = None) -> Any:
        given = self.answers.get(name, answer)
        if isinstance(given, Exception):
            raise given
        return given

    # ---- running -----------------------------------------------------------------------------------------------

    def start(self, language: LuaLanguage, source: str, *args: Any, **fields: Any) -> Machine:
        """Run a script until it waits; what it returns is a function, a table with `main`, or its result."""
        bundle = bundle_of(source, **fields)
        self.machine = Machine(self, language.compile(bundle, durable=self.identity.durable))
        self.machine.start(args)
        while self.machine.run(-1):
            pass
        return self.machine

    def fire(self, place: int = -1) -> None:
        """Let a timer run out, and the process run on."""
        ref, delay = self.timers[place]
        self.clock += delay
        self.machine.fire(ref)
        while self.machine.run(-1):
            pass

    def settle(self, ref: int, value: Any = None, failure: Failure | None = None) -> None:
        """Answer a request, and let the process run on."""
        self.machine.settle(ref, Outcome(value, failure))
        while self.machine.run(-1):
            pass

    def cancel_it(self, reason: str = "") -> None:
        """Ask the process to stop, and let it run on."""
        self.machine.cancel("{local@app:host|0x00009}", reason)
        while self.machine.run(-1):
            pass


def bundle_of(source: str, *, modules: tuple[str, ...] = MODULES, **fields: Any) -> Bundle:
    """Return a process with this source, called `s.lua` in messages."""
    given = {"id": "app:script", "kind": "process.lua", "file": "s.lua", **fields}
    return Bundle(source=textwrap.dedent(source).lstrip("\n"), modules=modules, **given)


def waiting(world: World, *names: str) -> World:
    """Let these calls wait for an answer."""
    world.answers.update(dict.fromkeys(names, PENDING))
    return world
