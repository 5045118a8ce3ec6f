"""Transactional functions in Lua: they run in the writer's thread, in a runtime that no other thread enters.

A machine of its own drives each: what it asks of SQL is done at once, on the cursor of the transaction, and whatever
else would have to be waited for is refused, for the whole store waits meanwhile.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import trio

from actorflow.codec import encode
from actorflow.errors import Error, invalid
from actorflow.language.lua.language import LuaLanguage
from actorflow.language.lua.running import Running
from actorflow.machine.machine import Machine
from actorflow.ports import Identity, Outcome
from actorflow.resource.sqlite_boolean import Booleans
from actorflow.store.transact import TooLong
from actorflow.value import Limits, Value, copy_value
from hosts.workflow.transaction_sql import JoinedSql

if TYPE_CHECKING:
    from actorflow.bundle import Bundle
    from actorflow.lane import Lane, Work
    from actorflow.language.lua.program import LuaProgram
    from actorflow.node.node import Node
    from actorflow.notice import Notice
    from actorflow.ports import CallRequest, SpawnRequest

_PROGRAMS: Final = 64
_OPS: Final = 1000
"""Ops between two looks at whether the time is over."""
_ENDLESS: Final = 1 << 50
"""Nanoseconds: the time of the whole function is what ends it, not that between two ops."""
_RULE: Final = (
    "a transactional function waits for nothing but its own SQL, for the store that keeps the runs waits for it; "
    "do this before or after it, in the workflow"
)


class LuaFunctions:
    """The transactional Lua functions of one engine, compiled for its writer's thread, which alone may run them."""

    def __init__(self, node: Node) -> None:
        """Compile nothing yet; to be made in the node's thread."""
        self._node = node
        self._token = trio.lowlevel.current_trio_token()
        self._language = LuaLanguage(self.notice)
        self.booleans = Booleans()
        self._programs: OrderedDict[str, LuaProgram] = OrderedDict()

    def program(self, bundle: Bundle) -> LuaProgram:
        """Return the program of a bundle, in the writer's thread."""
        known = self._programs.get(bundle.hash)
        if known is None or known.runtime.poisoned:
            limits = {**bundle.options.get("limits", {}), "slice": {"kill": _ENDLESS}}
            own = replace(bundle, options={**bundle.options, "limits": limits, "transactional": True})
            known = self._programs[bundle.hash] = self._language.compile(own)
            if len(self._programs) > _PROGRAMS:
                self._programs.popitem(last=False)
        self._programs.move_to_end(bundle.hash)
        return known

    def note(self, level: str, text: str, fields: Mapping[str, Value]) -> None:
        """Have the node's thread write a log line."""
        self._later(partial(self._node.note, level, text, fields))

    def notice(self, notice: Notice) -> None:
        """Have the node's thread pass a notice on."""
        self._later(partial(self._node.notices, notice))

    def _later(self, action: Callable[[], None]) -> None:
        with suppress(trio.RunFinishedError):  # the node is gone: nobody listens
            self._token.run_sync_soon(action)


class LuaWork:
    """One attempt of a transactional Lua function: the work of a `Transact`."""

    def __init__(  # noqa: PLR0913, PLR0917 - what an attempt is
        self,
        functions: LuaFunctions,
        bundle: Bundle,
        request: CallRequest,
        limits: Limits,
        kept: str,
        denied: Error | None,
    ) -> None:
        """Prepare to run; `kept` is the id of the database that keeps the run, which `denied` may close to it."""
        self._functions = functions
        self._bundle = bundle
        self._request = request
        self._limits = limits
        self._database = (kept, denied)
        self.stopped = False

    def ready(self) -> None:
        """Compile the function, in the writer's thread, unless it has been."""
        self._functions.program(self._bundle)

    def stop(self) -> None:
        """End it, from any thread."""
        self.stopped = True

    def __call__(self, cursor: Any) -> bytes:
        """Run the function, in the writer's thread, and return its value as the payload of its completion.

        Raises:
            Error: its failure. TooLong: when it was stopped.
        """
        self.stopped = False
        driver = _Driver(self._functions, self._request, JoinedSql(cursor, self._functions.booleans, *self._database))
        machine = Machine(driver, _Watched(self._functions.program(self._bundle), self))
        try:
            machine.start(self._request.args)
            value = self._result(machine)
        finally:
            machine.end(Outcome())
        return encode(copy_value(value, self._limits, self._functions.notice), self._limits)

    def _result(self, machine: Machine) -> Value:
        while machine.run(_OPS) and not self.stopped:
            pass
        if self.stopped:
            raise TooLong
        if machine.outcome is None:
            waits = "; ".join(machine.waits())
            raise invalid(f"{self._request.target} waits for what cannot come ({waits}): {_RULE}")
        return machine.outcome.unwrap()


class _Watched:
    """The program of an attempt (`ports.Program`)."""

    def __init__(self, program: LuaProgram, work: LuaWork) -> None:
        self._program = program
        self._work = work

    def open(self, machine: Machine) -> Running:
        """Return a fresh instance, which ends at the next look when the work is stopped."""
        running = _Running(self._program, machine)
        running.work = self._work
        return running


class _Running(Running):
    """An instance that may be stopped from another thread."""

    __slots__ = ("work",)

    work: LuaWork

    @property
    def stopped(self) -> bool:  # type: ignore[override] # a class attribute of those that nobody stops
        """Whether nothing more of it is wanted."""
        return self.work.stopped


class _Driver:
    """What a machine in the writer's thread may ask for (`ports.Driver`)."""

    def __init__(self, functions: LuaFunctions, request: CallRequest, sql: JoinedSql) -> None:
        self._functions = functions
        self._request = request
        self._clock = functions._node.clock  # noqa: SLF001 - two halves of one thing
        self._sql = sql
        self.identity = Identity("", request.target, "", request.context, parent=request.caller)

    def now(self) -> int:
        return self._clock.now()

    def draw(self, kind: str, size: int) -> bytes:  # noqa: ARG002 - only journals need the kind
        return os.urandom(size)

    def note(self, level: str, text: str, fields: Mapping[str, Value]) -> None:
        self._functions.note(level, text, {**fields, "entry": self._request.target})

    def notice(self, notice: Notice) -> None:
        self._functions.notice(notice)

    def perform(self, ref: int, operation: str, args: tuple[Any, ...]) -> Value:  # noqa: ARG002 - the port's shape
        """Do an operation on the transaction; of all others only those about the call itself are there."""
        if operation.startswith("sql."):
            return self._sql.perform(operation, *args)
        request = self._request
        if operation == "activity.heartbeat":
            return True  # it is short: nobody listens
        if operation == "activity.info":
            facts = {"function": request.target, "invocation_id": request.invocation_id, "attempt": request.attempt}
            return {**facts, "caller": request.caller, "heartbeat": request.heartbeat, "deadline": None}
        raise _refused(operation)

    # ---- what would have to be waited for ----------------------------------------------------------------------

    def call(self, ref: int, target: str, args: tuple[Value, ...], options: Mapping[str, Value]) -> Value:  # noqa: ARG002
        raise _refused(f"a call of {target}")

    def timer(self, ref: int, delay: int) -> None:  # noqa: ARG002
        raise _refused("a timer or sleep")

    def spawn(self, ref: int, request: SpawnRequest, *, wait: bool) -> Value:  # noqa: ARG002
        raise _refused(f"a start of {request.entry}")

    def send(self, ref: int, dest: str, topic: str, payloads: tuple[Value, ...]) -> Value:  # noqa: ARG002
        raise _refused(f"a message to {dest}")

    def post(self, dest: str, topic: str, payloads: tuple[Value, ...]) -> bool:  # noqa: ARG002
        return False

    def control(self, ref: int, verb: str, target: str, detail: Value) -> Value:  # noqa: ARG002
        raise _refused(f"{verb} of {target}")

    def name(self, ref: int, verb: str, name: str, pid: str) -> Value:  # noqa: ARG002
        raise _refused(f"{verb} of the name {name}")

    def away(self, lane: Lane, work: Work) -> bool:  # noqa: ARG002
        return False

    def cancel(self, ref: int) -> None:
        """Give nothing up: nothing is ever open."""


def _refused(what: str) -> Error:
    return invalid(f"{what} is refused: {_RULE}")
