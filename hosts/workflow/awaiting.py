"""Runs that wait for the state of another run: `workflow.wait_for`, or for the end of one that is no child of theirs.

Who waits is a document, written by the turn that asks. The engine looks at the past of the run that is waited for,
then follows the state history of its store behind a cursor; the run that is waited for writes nothing for it. The
answer and the end of the document are one commit. A spawn whose workflow id another run holds is answered with that
run: the commit that says so writes the document, for its end is to be heard like that of a child.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import trio

from actorflow.codec import decode, encode
from actorflow.errors import CONFLICT, NOT_FOUND, Error, Failure
from actorflow.message import child_exit
from actorflow.names import Pid
from actorflow.ports import Outcome
from actorflow.run import event as events
from actorflow.run.document import PutDocument
from actorflow.run.state import TERMINAL
from actorflow.run.turn import Delivery
from actorflow.store.belonging import AWAITED
from hosts.workflow.faults import no_run, row_outcome

if TYPE_CHECKING:
    from actorflow.run.document import DocumentRow
    from actorflow.run.row import RunChanged
    from actorflow.run.turn import RunRow
    from hosts.workflow.driver import Record
    from hosts.workflow.engine import Engine
    from hosts.workflow.host import WorkflowHost
    from hosts.workflow.resident import Resident

_PAGE: Final = 1000
_POLL: Final = 1.0
"""Seconds after which the history is looked at, although this engine has committed nothing: others may have."""


class Awaited(NamedTuple):
    """One run that waits: for which workflow id, which state; `host` is its own.

    With `run_id` it waits for the end of that run, or of the last one of its chain.
    """

    key: str
    workflow_id: str
    state: str
    run: int
    ref: int
    host: str
    run_id: str = ""


def joining(resident: Resident, ref: int, workflow_id: str) -> PutDocument | None:
    """Return the document of a run that hears of the end of a run it spawned; None if that is a child for sure."""
    if workflow_id == f"{resident.workflow_id}/{ref}":
        return None
    host = resident.host.id if resident.host is not None else ""
    return PutDocument(AWAITED, _key(resident.run, ref), encode([workflow_id, "", resident.run, ref, host]))


def watched(resident: Resident, record: Record) -> PutDocument:
    """Return the document of a run that waits."""
    host = resident.host.id if resident.host is not None else ""
    value = [record.target, decode(record.payload), resident.run, record.ref, host]
    return PutDocument(AWAITED, _key(resident.run, record.ref), encode(value))


def unwatched(resident: Resident, record: Record) -> PutDocument:
    """Return what ends that document."""
    return PutDocument(AWAITED, _key(resident.run, record.ref), None)


def _key(run: int, ref: int) -> str:
    return f"{run}/{ref}"


class Awaiting:
    """Who waits on one engine."""

    def __init__(self, engine: Engine) -> None:
        """Begin with nobody."""
        self._engine = engine
        self._waiting: dict[str, dict[str, Awaited]] = {}
        self._cursor: int | None = None
        self._serving = False

    def asked(self, resident: Resident, record: Record) -> None:
        """Take that a run waits: its turn is on disk."""
        document = watched(resident, record)
        self._add(_awaited(document.key, document.value or b""))

    def joined(self, document: PutDocument, run_id: str) -> None:
        """Take that a run hears of the end of another: that is on disk."""
        self._add(_awaited(document.key, encode([*decode(document.value or b""), run_id])))

    def forget(self) -> None:
        """Forget the runs that another node has."""
        for key, found in list(self._waiting.items()):
            self._waiting[key] = {name: one for name, one in found.items() if self._engine.owns(one.run)}
            if not self._waiting[key]:
                del self._waiting[key]

    async def recover(self, host: WorkflowHost) -> None:
        """Take up the runs of a host that wait."""
        after = ""
        while page := await self._engine.writer.read(partial(_page, after)):
            for row in page:
                found = _awaited(row.key, row.value)
                if found.host == host.id and host.owns(found.run):
                    self._add(found)
            after = page[-1].key

    def _add(self, found: Awaited) -> None:
        if found.run_id:  # which may hold the id beside its own
            found = found._replace(workflow_id=self._engine.stored.workflow_id_of(found.run_id) or found.workflow_id)
        self._waiting.setdefault(found.workflow_id, {})[found.key] = found
        self._engine.start_soon(self._begin, found)

    async def _begin(self, found: Awaited) -> None:
        """Look at the past; follow what comes if it was not that."""
        if self._cursor is None:
            self._cursor = await self._engine.writer.read(lambda store: store.last_change())
        await self._look(found)
        if not self._serving and self._waiting:
            self._serving = True
            try:
                await self._follow()
            finally:
                self._serving, self._cursor = False, None

    async def _follow(self) -> None:
        while self._waiting:
            moved = self._engine.moved
            changes = await self._engine.writer.read(partial(_changes, self._cursor or 0))
            for change in changes:
                for found in list(self._waiting.get(change.workflow_id, {}).values()):
                    await self._look(found)
            if changes:
                self._cursor = changes[-1].id
            if len(changes) < _PAGE:
                with trio.move_on_after(_POLL):
                    await moved.wait()

    async def _look(self, found: Awaited) -> None:
        """Answer a run that waits, if what it waits for has been reached, or cannot be any more."""
        if found.run_id:
            await self._look_at_end(found)
            return
        outcome = await self._engine.writer.read(partial(_reached, found.workflow_id, found.state))
        if outcome is None:
            return
        payload = encode([outcome.value, outcome.failure])
        now, gone = self._engine.clock.now(), [PutDocument(AWAITED, found.key, None, revision=1)]
        delivery = Delivery(
            "", events.REQUEST_SETTLED, "", "", payload, now, run=found.run, ref=found.ref, documents=gone
        )
        self._engine.deliver(delivery, partial(self._answered, found))

    async def _look_at_end(self, found: Awaited) -> None:
        last = await self._engine.writer.read(partial(_last, found.run_id))
        if last is not None and last.state not in TERMINAL:
            return
        outcome = Outcome(failure=no_run(found.workflow_id).failure) if last is None else row_outcome(last)
        pid = str(Pid(self._engine.store_name, last.host if last is not None else found.host, found.workflow_id))
        now, gone = self._engine.clock.now(), [PutDocument(AWAITED, found.key, None, revision=1)]
        run_id = found.run_id if last is None else last.run_id
        payload = encode(child_exit(pid, now, outcome.value, outcome.failure, found.workflow_id, run_id))
        delivery = Delivery(
            "", events.PROCESS_EXITED, "", pid, payload, now, run=found.run, ref=found.ref, documents=gone
        )
        self._engine.deliver(delivery, partial(self._answered, found))

    def _answered(self, found: Awaited, outcome: Outcome) -> None:
        """Forget who has been answered, or waits no longer: then its document is gone, and the answer refused."""
        if outcome.failure is not None and outcome.failure.kind != NOT_FOUND:
            self._engine.start_soon(self._try_later, found)
            return
        if outcome.failure is not None and found.run_id:
            with suppress(Error):  # the store is closed by now: whoever serves it next is told the same
                self._engine.submit(PutDocument(AWAITED, found.key, None), self._engine.recovery.doubt)
        of_id = self._waiting.get(found.workflow_id, {})
        of_id.pop(found.key, None)
        if not of_id:
            self._waiting.pop(found.workflow_id, None)

    async def _try_later(self, found: Awaited) -> None:
        await trio.sleep(_POLL)
        await self._look(found)


def _awaited(key: str, value: bytes) -> Awaited:
    return Awaited(key, *decode(value))


def _last(run_id: str, store: Any) -> RunRow | None:
    """Return the last run of the chain that a run is of, None when it is not kept any more."""
    row: RunRow | None = store.find(run_id)
    while row is not None and row.state in TERMINAL and (following := store.continued(row.run)[1]):
        row = store.find(following)
    return row


def _page(after: str, store: Any) -> list[DocumentRow]:
    page: list[DocumentRow] = store.documents(AWAITED, "", after, _PAGE)
    return page


def _changes(after: int, store: Any) -> list[RunChanged]:
    changes: list[RunChanged] = store.changes(after, _PAGE)
    return changes


def _reached(workflow_id: str, state: str, store: Any) -> Outcome | None:
    """Return what is to be told of the newest run of an id: that it is or was in a state, or never will be."""
    row = store.find(workflow_id)
    if row is None or row.workflow_id != workflow_id:
        return None
    was = next((change.at for change in store.history(row.run) if change.state == state), 0)
    if was or row.state == state:
        return Outcome({"workflow_id": workflow_id, "run_id": row.run_id, "state": state, "at": was or row.updated})
    if row.state not in TERMINAL:
        return None
    text = f"workflow {workflow_id!r} has ended {row.state} and was never {state}"
    details = {"workflow_id": workflow_id, "run_id": row.run_id, "state": row.state}
    return Outcome(failure=Failure(text, CONFLICT, retryable=False, details=details))
