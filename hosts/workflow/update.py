"""Updates as their clients see them: judged, journaled, accepted or rejected, and answered, once for each id.

What the journal holds of an update is its whole state, so that asking again with the same id gives the same answer,
after a crash and after the end of the run too. A client follows a run that continues as new.
"""

from __future__ import annotations

import math
import uuid
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import trio

from actorflow.clock import instant_of
from actorflow.codec import decode, encode
from actorflow.errors import CONFLICT, INTERNAL, Error, Failure, invalid, not_found
from actorflow.node.waiting import Answer
from actorflow.ports import Outcome
from actorflow.run import event as events
from actorflow.run.state import TERMINAL
from actorflow.run.turn import Delivery
from hosts.workflow.answering import ACK, ARRIVED, ERROR, GIVEN_UP, NAK, OK, update_pid
from hosts.workflow.copying import copy_of
from hosts.workflow.query import VALIDATE, found_run, handled
from hosts.workflow.storable import check_name

if TYPE_CHECKING:
    from actorflow.ports import Reply
    from actorflow.run.turn import OpenRun
    from actorflow.store.port import Reader
    from actorflow.value import Value
    from hosts.workflow.driver import Record
    from hosts.workflow.engine import Engine
    from hosts.workflow.resident import Resident

ACCEPTED: Final = "accepted"
COMPLETED: Final = "completed"
EARLIER: Final = "earlier"
"""Said of an update that a run was told of as answered: the answer is in a run before it."""
_ELSEWHERE: Final = 0.25
"""Seconds after which the journal of a run of another node is looked at again: nobody here hears what it says."""
_LAST: Final = frozenset({NAK, OK, ERROR, GIVEN_UP})
_LONGEST_ID: Final = 200


@dataclass(frozen=True, slots=True)
class Said:
    """How far an update has come: the last thing its run said of it, or that it has arrived."""

    topic: str = ARRIVED
    value: Any = None

    def answers(self, wait_for: str) -> bool:
        """Tell whether this is what a client waits for."""
        return self.topic in _LAST or (self.topic == ACK and wait_for == ACCEPTED)


class _Bell:
    """What wakes one client, again and again; `said` is what the runs have said of its update, by run."""

    def __init__(self, update_id: str) -> None:
        self.update_id = update_id
        self.said: dict[int, Said] = {}
        self._rung = trio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def wait(self) -> None:
        await self._rung.wait()
        self._rung = trio.Event()


class Updates:
    """The updates of an engine that clients wait for, by workflow id."""

    def __init__(self, engine: Engine) -> None:
        """Begin with none."""
        self._engine = engine
        self._waiting: dict[str, list[_Bell]] = {}

    async def update(self, reference: str, name: str, args: tuple[Value, ...], update_id: str, wait_for: str) -> Value:
        """Update a run and return what it answers, or with `wait_for` accepted the id once it has accepted.

        Raises:
            Error: Invalid when it is rejected or badly asked, NotFound without such a run, Conflict when the run has
                ended without an answer; what its handler failed with.
        """
        known = checked_id(update_id)
        if wait_for not in {ACCEPTED, COMPLETED}:
            raise invalid(f"update: got wait_for {wait_for!r}, expected {ACCEPTED!r} or {COMPLETED!r}")
        found = await found_run(self._engine, reference)
        workflow_id, bell = found.row.workflow_id, _Bell(known)
        self._waiting.setdefault(workflow_id, []).append(bell)
        give_up = self._engine.node.router.watch(self._pid(found), partial(self._ended, workflow_id))
        try:
            said = await self._known(found, known) if update_id else None
            if said is None:
                await self._send(found, name, args, known)
            return await self._answer(found, said, bell, wait_for)
        finally:
            give_up()
            self._waiting[workflow_id].remove(bell)
            if not self._waiting[workflow_id]:
                del self._waiting[workflow_id]

    def _ended(self, workflow_id: str, _outcome: Outcome) -> None:
        self.moved(workflow_id)

    def moved(self, workflow_id: str) -> None:
        """Have the clients of a run look again: it has ended, or another one goes on in its place."""
        for bell in self._waiting.get(workflow_id, ()):
            bell.ring()

    async def _known(self, found: OpenRun, update_id: str) -> Said | None:
        """Return how far an update has come by what the store holds, also of the runs that led to this one."""
        said = recorded(found, update_id)
        if said is None or said.topic != EARLIER:
            return said
        earlier: Said | None = await self._engine.writer.read(
            lambda store: answered_before(store, found.row.run, update_id)
        )
        if earlier is None:
            raise not_found(
                f"update {update_id!r} was answered by an earlier run of {found.row.workflow_id!r}, which is gone"
            )
        return earlier

    def _pid(self, found: OpenRun) -> str:
        host = self._engine.hosts.get(found.row.host)
        return host.pid_of(found.row.workflow_id) if host is not None else ""

    async def _send(self, found: OpenRun, name: str, args: tuple[Value, ...], update_id: str) -> None:
        row = found.row
        if row.state in TERMINAL:
            raise _too_late(found, f"update {name!r}")
        check_name("update", name)
        await self._judge(found, name, args)
        payload = encode([update_pid(update_id), list(args)])
        at = self._engine.clock.now()
        answer = Answer[bool]()
        delivery = Delivery(
            row.workflow_id, events.MESSAGE_RECEIVED, name, update_pid(update_id), payload, at, run=row.run
        )
        self._engine.deliver(delivery, answer)
        await answer.wait()

    async def _judge(self, found: OpenRun, name: str, args: tuple[Value, ...]) -> None:
        """Do nothing if the script's validator of this update, when it has one, accepts it.

        Raises:
            Error: kind Invalid, with the reason: nothing of the update is recorded then.
        """
        async with copy_of(self._engine, found) as live:
            outcome = handled(live, VALIDATE, name, args)
        if outcome is None:
            return
        if outcome.failure is not None or outcome.value is False:
            raise _rejected(name, outcome.failure.message if outcome.failure is not None else "")

    async def _answer(self, found: OpenRun, said: Said | None, bell: _Bell, wait_for: str) -> Value:
        name = f"update {bell.update_id!r}"
        while said is None or not said.answers(wait_for):
            with trio.move_on_after(math.inf if self._engine.owns(found.row.run) else _ELSEWHERE):
                await bell.wait()
            said = bell.said.get(found.row.run)
            if said is None or not said.answers(wait_for):
                found, said = await self._followed(found.row.run_id, bell.update_id, wait_for)
                if found.row.state in TERMINAL and (said is None or not said.answers(wait_for)):
                    raise _too_late(found, name)
        if said.topic == NAK:
            raise _rejected(name, _text(said.value))
        if said.topic == GIVEN_UP:
            raise _given_up(found, name)
        if said.topic == ERROR:
            raise Error(said.value if isinstance(said.value, Failure) else Failure(_text(said.value), INTERNAL))
        return said.value if said.topic == OK else bell.update_id

    async def _followed(self, run_id: str, update_id: str, wait_for: str) -> tuple[OpenRun, Said | None]:
        """Return how far an update has come in a run, or in the last one that this has continued as."""
        while True:
            found = await found_run(self._engine, run_id)
            said = await self._known(found, update_id)
            following = "" if said is not None and said.answers(wait_for) else _continued_as(found)
            if not following:
                return found, said
            run_id = following

    def said(self, resident: Resident, record: Record, reply: Reply) -> None:
        """Tell the clients what a run has said, now that it is on disk."""
        for bell in self._waiting.get(resident.workflow_id, ()):
            if bell.update_id == record.target:
                bell.said[resident.run] = Said(*decode(record.payload))
                bell.ring()
        reply(Outcome(value=True))


def recorded(found: OpenRun, update_id: str) -> Said | None:
    """Return how far an update has come by what the store holds of its run, None when it has not come at all."""
    sender = update_pid(update_id)
    marked = encode(sender)
    said = _taken_over(found, update_id)
    for event in found.events:
        if event.kind == events.MESSAGE_RECEIVED and said is None and marked in event.payload:
            said = Said() if decode(event.payload)[0] == sender else None
        elif event.kind == events.UPDATE_ANSWERED and event.target == update_id:
            said = Said(*decode(event.payload)) if event.payload else Said(OK)
    if said is None and any(row.sender == sender for row in found.inbox):
        said = Said()
    return said


def _taken_over(found: OpenRun, update_id: str) -> Said | None:
    """Return how far an update had come when this run was continued from another one."""
    start = found.events[0].payload if found.events else b""
    state = decode(start).get("updates", {}).get(update_id) if start else None
    if state is None:
        return None
    return Said(EARLIER) if state in {NAK, OK, ERROR} else Said(state)


def answered_before(store: Reader, run: int, update_id: str) -> Said | None:
    """Return the last thing that was said of an update by the runs of a chain, None when those have been removed."""
    said, after = None, 0
    while rows := store.chain(run, after):
        for row in rows:
            for event in store.journaled(row.run, (events.UPDATE_ANSWERED,)):
                if event.target == update_id:
                    said = Said(*decode(event.payload)) if event.payload else Said(OK)
        after = rows[-1].run
    return said


def _continued_as(found: OpenRun) -> str:
    """Return the id of the run that this one has continued as, "" for none."""
    last = found.events[-1] if found.events else None
    if last is None or last.kind != events.RUN_CONTINUED or not last.payload:
        return ""
    return str(decode(last.payload)["run_id"])


def checked_id(update_id: str) -> str:
    """Return the id of an update, a new one for an empty text.

    Raises:
        Error: kind Invalid, for one that is too long or has characters of PIDs.
    """
    if not update_id:
        return str(uuid.uuid4())
    if not isinstance(update_id, str) or len(update_id) > _LONGEST_ID or set(update_id) & set("{}|\0"):
        raise invalid(f"update: got the id {update_id!r:.80}, expected up to {_LONGEST_ID} characters, none of {{}}|")
    return update_id


def _text(value: Any) -> str:
    return value.message if isinstance(value, Failure) else "" if value is None else str(value)


def _rejected(name: str, reason: str) -> Error:
    return invalid(f"update {name} was rejected" + (f": {reason}" if reason else ""), rejected=True)


def _given_up(found: OpenRun, name: str) -> Error:
    text = (
        f"{name}: run {found.row.workflow_id!r} continued as new while its handler was at work, so nobody answers it;"
        " its script is to wait for workflow.all_handlers_finished() first"
    )
    return Error(text, CONFLICT, retryable=False)


def _too_late(found: OpenRun, name: str) -> Error:
    row = found.row
    when = f"{row.state}, since {instant_of(row.updated)}"
    text = f"{name}: run {row.workflow_id!r} has ended without an answer to it: {when}"
    return Error(text, CONFLICT, retryable=False)
