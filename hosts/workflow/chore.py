"""Chores: what an engine does to runs when its time has come, from documents that were committed with the reason.

`delete-data`: a run whose data are to be deleted is scrubbed. `auto-resume`: a run that a limit has paused goes on.
A document goes with the change that it asks for, in one commit: however often a node dies, the chore is done, and the
function that says what stays may be called again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import trio

from actorflow.codec import decode, encode
from actorflow.duration import SECOND
from actorflow.errors import NOT_FOUND, Error
from actorflow.notice import Notice
from actorflow.run import state as states
from actorflow.run.document import DocumentRow, PutDocument
from actorflow.run.event import SCRUBBED, JournalEvent, drawn_of
from actorflow.run.turn import ChangeRun, Committed, OpenRun, RunRow
from actorflow.store.belonging import AUTO_RESUME, DELETE_DATA, scrubbed
from actorflow.store.control import asking, ended_as, pause_of
from actorflow.store.wait import answer

if TYPE_CHECKING:
    from hosts.workflow.engine import Engine

_INTERVAL: Final = 5.0
"""Seconds between two looks at what is due."""
_AGAIN: Final = 60 * SECOND
"""After so long a function that failed to say what stays of the data is asked again."""
_PATIENCE: Final = 60.0
_PAGE: Final = 100


class Chores:
    """The chores of one engine."""

    def __init__(self, engine: Engine) -> None:
        """Do them for `engine`."""
        self._engine = engine
        self._wake = trio.Event()

    def look(self) -> None:
        """Look soon: something may be due."""
        self._wake.set()

    async def serve(self) -> None:
        """Do what is due, for ever."""
        while True:
            with trio.move_on_after(_INTERVAL):
                await self._wake.wait()
            self._wake = trio.Event()
            for kind in (DELETE_DATA, AUTO_RESUME):
                try:
                    await self._do_all(kind)
                except Error as error:
                    self._engine.node.notices(Notice("chore-failed", f"{kind}: {error.message}; it is tried again", ""))

    async def _do_all(self, kind: str) -> None:
        writer, now = self._engine.writer, self._engine.clock.now()
        for row in await writer.read(lambda store: store.due_documents(kind, now, _PAGE)):
            held = await self._held(decode(row.value))
            if held is not None and not self._is_own(held.row):
                continue
            change = await self._asked(row, held) if held is not None else None
            done = PutDocument(kind, row.key, None, revision=row.revision)
            if change is None:
                await writer.write(done)
                continue
            change.documents = change.documents or (done,)
            await self._change(change)

    def _is_own(self, row: RunRow) -> bool:
        host = self._engine.hosts.get(row.host)
        return host is not None and host.owns(row.run)

    async def _held(self, run: int) -> OpenRun | None:
        try:
            held: OpenRun = await self._engine.writer.read(lambda store: store.load(run))
        except Error as error:
            if error.kind != NOT_FOUND:
                raise
            return None
        return held

    async def _change(self, change: ChangeRun) -> Committed:
        control = self._engine.control
        committed: Committed = await answer(lambda told: control.change(change, told), abandon=False)
        return committed

    async def _asked(self, row: DocumentRow, held: OpenRun) -> ChangeRun | None:
        """Return the change that is to be made now, or None when there is nothing to do any more."""
        if row.kind == AUTO_RESUME:
            return self._resuming(held)
        if held.row.state != states.DELETE_REQUESTED:
            return None
        try:
            kept = await self._kept(held)
        except Error as error:
            await self._later(row, error)
            raise
        at = self._engine.clock.now()
        change = ChangeRun("scrub", held.row.run, at=at, revision=held.row.revision, kept=kept)
        change.documents = await self._engine.writer.read(lambda store: scrubbed(store, held.row))
        change.drawn = [(event.seq, SCRUBBED + drawn_of(event.drawn)) for event in held.events if _is_drawn(event)]
        return change

    def _resuming(self, held: OpenRun) -> ChangeRun | None:
        row, pause = held.row, pause_of(held.row.waits)
        if row.state != states.PAUSED or not pause.auto:
            return None
        at = self._engine.clock.now()
        change = asking("resume", at=at, run=row.run, workflow_id=row.workflow_id, reason="resumed by itself")
        change.dropped_calls, change.revision = list(pause.calls), row.revision
        return change

    async def _kept(self, held: OpenRun) -> bytes | None:
        """Return what stays of the data of a run: what the function says that its entry names, else nothing."""
        row = held.row
        try:
            config = self._engine.node.registry.entry(row.entry).config
        except Error:
            return None  # the entry is gone: nobody says that anything stays
        name = config.get("on_delete_data") if isinstance(config, dict) else getattr(config, "on_delete_data", None)
        if not name:
            return None
        about = {
            "workflow_id": row.workflow_id,
            "run_id": row.run_id,
            "entry": row.entry,
            "state": ended_as(row.waits, row.state),
            "args": _args(held),
            "result": decode(row.result) if row.result else None,
        }
        return encode(await self._engine.node.call(name, [about], timeout=_PATIENCE))

    async def _later(self, row: DocumentRow, error: Error) -> None:
        due = self._engine.clock.now() + _AGAIN
        await self._engine.writer.write(PutDocument(row.kind, row.key, row.value, due=due, revision=row.revision))
        text = f"on_delete_data failed: {error.message}; the data of run {row.key} stay until it has said what stays"
        self._engine.node.notices(Notice("delete-data", text, ""))


def _is_drawn(event: JournalEvent) -> bool:
    return bool(event.drawn) and event.drawn[:1] != SCRUBBED


def _args(held: OpenRun) -> Any:
    payload = decode(held.events[0].payload) if held.events and held.events[0].payload else {}
    return payload.get("args", [])
