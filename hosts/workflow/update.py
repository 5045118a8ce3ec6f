"""Updates as their clients see them: judged, journaled, accepted or rejected, and answered, once for each id.

What the journal holds of an update is its whole state, so that asking again with the same id gives the same answer,
after a crash and after the end of the run too.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import trio

from actorflow.codec import decode, encode
from actorflow.errors import CONFLICT, INTERNAL, Error, Failure, invalid
from actorflow.node.waiting import Answer
from actorflow.ports import Outcome
from actorflow.run import event as events
from actorflow.run.state import TERMINAL
from actorflow.run.turn import Delivery
from hosts.workflow.answering import ACK, ARRIVED, ERROR, NAK, OK, update_pid
from hosts.workflow.copying import copy_of
from hosts.workflow.query import VALIDATE, found_run, handled

if TYPE_CHECKING:
    from actorflow.ports import Reply
    from actorflow.run.turn import OpenRun
    from actorflow.value import Value
    from hosts.workflow.driver import Record
    from hosts.workflow.engine import Engine
    from hosts.workflow.resident import Resident

ACCEPTED: Final = "accepted"
COMPLETED: Final = "completed"
_LONGEST_ID: Final = 200


@dataclass(frozen=True, slots=True)
class Said:
    """How far an update has come: the last thing its run said of it, or that it has arrived."""

    topic: str = ARRIVED
    value: Any = None

    def answers(self, wait_for: str) -> bool:
        """Tell whether this is what a client waits for."""
        return self.topic in {NAK, OK, ERROR} or (self.topic == ACK and wait_for == ACCEPTED)


class _Bell:
    """What wakes one client, again and again."""

    def __init__(self) -> None:
        self._rung = trio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def wait(self) -> None:
        await self._rung.wait()
        self._rung = trio.Event()


class Updates:
    """The updates of an engine that clients wait for, by run and id."""

    def __init__(self, engine: Engine) -> None:
        """Begin with none."""
        self._engine = engine
        self._said: dict[tuple[int, str], Said] = {}
        self._waiting: dict[tuple[int, str], list[_Bell]] = {}

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
        key = (found.row.run, known)
        bell = _Bell()
        self._waiting.setdefault(key, []).append(bell)
        give_up = self._engine.node.router.watch(self._pid(found), partial(self._ended, key))
        try:
            said = recorded(found, known) if update_id else None
            if said is None:
                await self._send(found, name, args, known)
            return await self._answer(key, found, said, bell, wait_for)
        finally:
            give_up()
            self._waiting[key].remove(bell)
            if not self._waiting[key]:
                del self._waiting[key]
                self._said.pop(key, None)

    def _ended(self, key: tuple[int, str], _outcome: Outcome) -> None:
        for bell in self._waiting.get(key, ()):
            bell.ring()

    def _pid(self, found: OpenRun) -> str:
        host = self._engine.hosts.get(found.row.host)
        return host.pid_of(found.row.workflow_id) if host is not None else ""

    async def _send(self, found: OpenRun, name: str, args: tuple[Value, ...], update_id: str) -> None:
        row = found.row
        if row.state in TERMINAL:
            raise _too_late(found, name)
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

    async def _answer(
        self, key: tuple[int, str], found: OpenRun, said: Said | None, bell: _Bell, wait_for: str
    ) -> Value:
        name = f"update {key[1]!r}"
        while said is None or not said.answers(wait_for):
            await bell.wait()
            said = self._said.get(key)
            if said is None or not said.answers(wait_for):
                found = await found_run(self._engine, found.row.run_id)
                said = recorded(found, key[1])
                if found.row.state in TERMINAL and (said is None or not said.answers(wait_for)):
                    raise _too_late(found, name)
        if said.topic == NAK:
            raise _rejected(name, _text(said.value))
        if said.topic == ERROR:
            raise Error(said.value if isinstance(said.value, Failure) else Failure(_text(said.value), INTERNAL))
        return said.value if said.topic == OK else key[1]

    def said(self, resident: Resident, record: Record, reply: Reply) -> None:
        """Tell the clients what a run has said, now that it is on disk."""
        key = (resident.run, record.target)
        for bell in self._waiting.get(key, ()):
            self._said[key] = Said(*decode(record.payload))
            bell.ring()
        reply(Outcome(value=True))


def recorded(found: OpenRun, update_id: str) -> Said | None:
    """Return how far an update has come by what the store holds of its run, None when it has not come at all."""
    sender = update_pid(update_id)
    marked = encode(sender)
    said: Said | None = None
    for event in found.events:
        if event.kind == events.MESSAGE_RECEIVED and said is None and marked in event.payload:
            said = Said() if decode(event.payload)[0] == sender else None
        elif event.kind == events.UPDATE_ANSWERED and event.target == update_id:
            said = Said(*decode(event.payload)) if event.payload else Said(OK)
    if said is None and any(row.sender == sender for row in found.inbox):
        said = Said()
    return said


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


def _too_late(found: OpenRun, name: str) -> Error:
    text = f"{name}: run {found.row.workflow_id!r} has ended ({found.row.state}) without an answer to it"
    return Error(text, CONFLICT, retryable=False)
