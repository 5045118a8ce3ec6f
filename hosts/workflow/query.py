"""Queries: what a run knows, asked of a copy of it; see `copying`. Nothing of them is recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from actorflow.codec import decode
from actorflow.errors import Error, not_found
from actorflow.machine.querying import answer
from actorflow.node.suggest import did_you_mean
from actorflow.ports import Outcome
from actorflow.run import event as events
from actorflow.store.view import workflow_of
from actorflow.value import copy_value
from hosts.workflow.copying import copy_of

if TYPE_CHECKING:
    from actorflow.run.turn import OpenRun, RunRow
    from actorflow.store.port import HotReader
    from actorflow.value import Value
    from hosts.workflow.engine import Engine
    from hosts.workflow.live import LiveRun

QUERY: Final = "query"
VALIDATE: Final = "validate"
"""The kinds of functions that answer for a script."""


async def found_run(engine: Engine, reference: str) -> OpenRun:
    """Return a run as the store has it: the open one of a PID or workflow id, else its newest, or that of a run id.

    Raises:
        Error: kind NotFound.
    """

    def load(store: HotReader) -> OpenRun | None:
        row = store.find(workflow_of(reference))
        return None if row is None else store.load(row.run)

    found: OpenRun | None = await engine.writer.read(load)
    if found is None:
        raise not_found(f"no run {reference!r}: expected a PID, a workflow id or a run id; `actorflow runs` lists them")
    return found


async def query(engine: Engine, reference: str, name: str, args: tuple[Value, ...]) -> Value:
    """Answer a query of a run: one of the engine's own, or one that its script has set.

    A run that has ended answers as it was when it ended. The answer is that of the last commit.

    Raises:
        Error: kind NotFound without such a run or query; Invalid, when the query wants to wait or change something;
            what the script's function raises.
    """
    found = await found_run(engine, reference)
    if (plain := _OF_THE_ROW.get(name)) is not None:
        return plain(found.row, engine)
    async with copy_of(engine, found) as live:
        answered = answer_of(live, found, name, args)
    return copy_value(answered)


def answer_of(live: LiveRun, found: OpenRun, name: str, args: tuple[Value, ...]) -> Value:
    """Return what a copy answers that has been rebuilt; the value is still its own.

    Raises:
        Error: NotFound without such a query; what the script's function raises.
    """
    if (seen := _OF_THE_COPY.get(name)) is not None:
        return seen(live, found)
    outcome = handled(live, QUERY, name, args)
    if outcome is None:
        raise _unknown(live, name)
    answered: Value = outcome.unwrap()
    return answered


def handled(live: LiveRun, kind: str, name: str, args: tuple[Value, ...]) -> Outcome | None:
    """Run a function that the script of a copy has set; None when it has none of this name."""
    script: Any = live.machine.script
    if name not in handlers(live, kind):
        return None
    try:
        return answer(live.machine, script.handle(kind, name, args))
    except Error as error:
        return Outcome(failure=error.failure)


def handlers(live: LiveRun, kind: str) -> list[str]:
    """Return the names of the functions of a kind that the script of a copy has set."""
    script: Any = live.machine.script
    names: list[str] = script.handlers(kind) if hasattr(script, "handlers") else []
    return names


def _unknown(live: LiveRun, name: str) -> Error:
    known = sorted([*_OF_THE_ROW, *_OF_THE_COPY, *handlers(live, QUERY)])
    hint = did_you_mean(name, known)
    return not_found(f"no query {name!r}{hint}; there are: {', '.join(known)}", queries=known)


def _state(row: RunRow, _engine: Engine) -> Value:
    return {"state": row.state, "reason": row.reason, "updated": row.updated}


def _pid(row: RunRow, engine: Engine) -> Value:
    return engine.hosts[row.host].pid_of(row.workflow_id) if row.host in engine.hosts else row.workflow_id


def _seq(row: RunRow, _engine: Engine) -> Value:
    return row.last_seq


def _waits(live: LiveRun, _found: OpenRun) -> Value:
    return [] if live.outcome is not None else list(live.machine.waits())


def _where(live: LiveRun, found: OpenRun) -> Value:
    waits: Any = _waits(live, found)
    return [wait.partition("  ")[0] for wait in waits]


def _inbox(live: LiveRun, found: OpenRun) -> Value:
    unread: list[Value] = [
        {"topic": message.topic, "from": message.sender, "payloads": list(message.payloads)}
        for message in live.machine.unread()
    ]
    for row in found.inbox:
        if row.kind == events.MESSAGE_RECEIVED:
            sender, payloads = decode(row.payload)
            unread.append({"topic": row.target, "from": sender, "payloads": payloads})
    return copy_value(unread)


_OF_THE_ROW: Final[Mapping[str, Callable[[RunRow, Engine], Value]]] = MappingProxyType(
    {"pid": _pid, "state": _state, "seq": _seq}
)
_OF_THE_COPY: Final[Mapping[str, Callable[[LiveRun, OpenRun], Value]]] = MappingProxyType(
    {"waits": _waits, "where": _where, "inbox": _inbox}
)
