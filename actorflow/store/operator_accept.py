"""Accepting: an operator lets a paused run go on with a source that does not repeat its journal; see `accepting`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, TypeAlias

from actorflow.bundle import Bundle
from actorflow.codec import encode
from actorflow.errors import Error, invalid
from actorflow.run.state import PAUSED
from actorflow.run.turn import ChangeRun, Committed, OpenRun, RunRow
from actorflow.run.verdict import NONDETERMINISM
from actorflow.store.accepting import Accept, accepting, documents_of
from actorflow.store.control import asking, pause_of, refused
from actorflow.store.judging import Judge
from actorflow.store.port import Reader
from actorflow.store.stores import Stores
from actorflow.store.times import Times
from actorflow.store.view import pid_of

_TRIES: Final = 5
Commit: TypeAlias = Callable[[str, RunRow, ChangeRun], Awaitable[Committed]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for.

    Attributes:
        source: the content hash of the source to go on with, "" for the one that the run is pinned to.
        bundle: its bytes, unless they are stored. dry_run: say what would be dropped, and change nothing.
        revision: what the run must be at, None for whatever it is. reason, by: for its history.
    """

    source: str = ""
    bundle: bytes = b""
    dry_run: bool = False
    revision: int | None = None
    reason: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Acting:
    """What an operator acts with."""

    stores: Stores
    times: Times
    judge: Judge
    commit: Commit


async def accept(acting: Acting, run: str, asked: Asked) -> dict[str, Any]:
    """Do what `Operator.accept` says; what changes meanwhile is looked at again, unless a revision was named."""
    for attempt in range(_TRIES):
        database, row = await acting.stores.locate(run)
        made = await _made(acting, database, row, asked)
        told = {"verb": "accept", "state": row.state, "revision": made.change.revision}
        line: dict[str, Any] = {"pid": pid_of(row), "run_id": row.run_id, **told}
        if asked.dry_run:
            return {**line, "to": "pending", "dry_run": True, **made.told()}
        answer = await acting.commit(database, row, made.change)
        if answer.accepted:
            return {**line, "to": answer.state, **made.told()}
        if answer.refusal != "revision" or asked.revision is not None or attempt == _TRIES - 1:
            raise refused(made.change, answer, repr(row.workflow_id), strict=row.strict, revision=row.revision)
    raise AssertionError


async def _made(acting: Acting, database: str, row: RunRow, asked: Asked) -> Accept:
    """Replay a run on the source that it is to go on with, and return what an accept of that comes to."""
    stores, change = acting.stores, _change(row, await acting.times.now(database), asked)
    if row.state != PAUSED:
        answer = Committed(accepted=False, refusal="state", state=row.state)
        raise refused(change, answer, repr(row.workflow_id), strict=row.strict, revision=row.revision)
    held: OpenRun = await stores.read(database, lambda reader: reader.load(row.run))
    if asked.revision is not None and asked.revision != held.row.revision:
        raise refused(change, Committed(accepted=False, refusal="revision"), repr(row.workflow_id))
    bundle = await stores.read(database, partial(_bundle, change, held))
    verdict = await acting.judge(held, bundle)
    documents = await stores.read(database, lambda reader: documents_of(reader, held, verdict, change.at))
    return accepting(change, held, verdict, documents)


def is_for_that(row: RunRow) -> bool:
    """Tell whether a run is paused because its source does not repeat its journal."""
    return row.state == PAUSED and any(text.startswith(NONDETERMINISM) for text in pause_of(row.waits).reasons)


async def accept_each(
    rows: AsyncIterator[RunRow], accepted: Callable[[str], Awaitable[dict[str, Any]]]
) -> list[dict[str, Any]]:
    """Do what `Operator.accept_all` says."""
    lines = []
    async for row in rows:
        if not is_for_that(row):
            continue
        try:
            lines.append(await accepted(row.run_id))
        except Error as error:
            line = {"pid": pid_of(row), "run_id": row.run_id, "verb": "accept", "state": row.state}
            lines.append({**line, "to": row.state, "error": error.message})
    return lines


def _change(row: RunRow, now: int, asked: Asked) -> ChangeRun:
    pid, reason = pid_of(row), asked.reason or "what its source does was accepted"
    change = asking("accept", at=now, run=row.run, workflow_id=row.workflow_id, pid=pid, reason=reason, by=asked.by)
    source = asked.source if asked.source != row.bundle_hash else ""
    told = encode({"reason": asked.reason, "by": asked.by})
    return replace(change, source=source, bundle=asked.bundle if source else b"", asked=told)


def _bundle(change: ChangeRun, held: OpenRun, reader: Reader) -> Bundle:
    """Return the source that a run is to go on with.

    Raises:
        Error: NotFound for one that is not stored, Invalid for bytes of another one, or of another entry.
    """
    row = held.row
    wanted = change.source or row.bundle_hash
    data = change.bundle or reader.bundle(wanted)
    if data is None:
        raise refused(
            replace(change, source=wanted), Committed(accepted=False, refusal="source"), repr(row.workflow_id)
        )
    bundle = Bundle.from_bytes(data)
    if bundle.hash != wanted:
        raise invalid(f"run accept: the bytes given are not those of source {wanted[:16]}…")
    if bundle.id != row.entry:
        raise invalid(f"run accept: source {wanted[:16]}… is of {bundle.id}, expected one of {row.entry}")
    if not held.events or not held.events[0].payload:
        raise invalid(f"run accept: the journal of {row.workflow_id!r} holds no data any more: nothing can be replayed")
    return bundle
