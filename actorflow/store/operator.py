"""What an operator does to runs: one or many of them paused, resumed, cancelled, ended, retried, scrubbed or removed.

The same with and without a node: each change is one item of the store that holds the run. With a node that serves the
run, its engine commits the change and acts on it; without one, the next node finds it done.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias, runtime_checkable

from actorflow.bundle import Bundle
from actorflow.clock import Clock
from actorflow.codec import encode
from actorflow.errors import Error, invalid
from actorflow.ports import Outcome
from actorflow.run import state as states
from actorflow.run.document import PutDocument
from actorflow.run.turn import ChangeRun, Committed, OpenRun, RunRow
from actorflow.store import looking
from actorflow.store.belonging import DELETE_DATA, scrubbed
from actorflow.store.control import asking, pause_of, refused
from actorflow.store.judging import Judge, unjudged
from actorflow.store.operator_accept import Acting, Asked, accept, accept_each
from actorflow.store.paging import next_before, page
from actorflow.store.port import Reader, RunFilter
from actorflow.store.releasing import is_due
from actorflow.store.resolving import resolving
from actorflow.store.retrying import retrying, set_aside_by
from actorflow.store.stores import Stores
from actorflow.store.times import Times
from actorflow.store.view import pid_of

Commit: TypeAlias = Callable[[RunRow, ChangeRun], Awaitable[Committed] | None]
"""Commits a change through the engine that serves the run, or returns None when none does."""

ASKED: Final = tuple(verb for verb in states.VERBS if verb not in {"expire", "scrub", "repin", "accept"})
"""The verbs of an operator."""
_ALL: Final = RunFilter()
_TRIES: Final = 5


@runtime_checkable
class Changing(Protocol):
    """A host that commits changes of its runs and acts on them."""

    @property
    def serves(self) -> bool:
        """Whether it has its store open."""
        ...

    async def change(self, change: ChangeRun) -> Committed:
        """Commit a change and return the store's answer."""
        ...


def unserved(_row: RunRow, _change: ChangeRun) -> None:
    """Commit nothing: there is no engine."""


class Operator:
    """Acts on the runs of some stores."""

    def __init__(self, stores: Stores, clock: Clock, commit: Commit = unserved, judge: Judge = unjudged) -> None:
        """Act on the runs in `stores`; `commit` is asked first, for the runs that a node serves."""
        self._stores = stores
        self._times = Times(stores, clock)
        self._commit = commit
        self._judge = judge

    async def find(self, which: RunFilter = _ALL, *, limit: int = 100, view: str = "") -> list[dict[str, Any]]:
        """Return the newest runs that match, newest first; `view` as in `show`.

        Raises:
            Error: kind Invalid, when there is no such view.
        """
        return await looking.runs(self._stores, which, limit, view)

    async def show(self, run: str, *, view: str = "") -> dict[str, Any]:
        """Return one run, by PID, workflow id or run id, with its arguments, result and state history.

        With a `view`, one of `run.view.VIEWS`, states are in the words of that system, and `number` and `wait` are
        there where it has them.

        Raises:
            Error: kind NotFound; Invalid, when there is no such view.
        """
        shown, words = await self._stores.about(run, lambda reader: looking.show(reader, run, view))
        return {**shown, **words}

    async def export(
        self, run: str, file: str | Path, *, redact: bool = False, redact_keys: Sequence[str] = (), key: bytes = b""
    ) -> dict[str, Any]:
        """Write all that is known of a run into a new file (`*.afrun`), as `actorflow run export` does.

        Args:
            run: a PID, a workflow id or a run id.
            file: where to; whoever runs the node writes it, for its eyes only.
            redact: withhold all values.
            redact_keys: withhold what these keys of maps hold.
            key: 32 bytes; the file is under AES-256-GCM with it.

        Returns its `file`, its size in `bytes`, the number of `events`, and whether it is `redacted`.

        Raises:
            Error: kind NotFound without such a run, Conflict when the file is there, Invalid for a wrong name or key.
        """
        from actorflow.store.exporting import export  # noqa: PLC0415 - for who asks for a capsule

        return await export(self._stores, run, file, redact=redact, redact_keys=redact_keys, key=key)

    async def change(  # noqa: PLR0913 - a verb, whom it is about, and how
        self, verb: str, run: str, *, reason: str = "", by: str = "", since: str = "", keep_attempts: bool = False
    ) -> dict[str, Any]:
        """Change one run and return what became of it: its `pid`, the `verb`, the state it was in and `to`.

        Args:
            verb: one of `ASKED`.
            run: a PID, a workflow id or a run id.
            reason: for the state history, and for the script where it is asked.
            by: who asks.
            since: for retry, the step to begin again with; nothing for the one that failed.
            keep_attempts: for resume, whether a call that used up its attempts goes on counting.

        Raises:
            Error: NotFound; Conflict, naming from, to and what is allowed; Invalid for another verb or step.
        """
        if verb not in ASKED:
            message = f"no verb {verb!r} of runs: expected one of {', '.join(ASKED)}"
            raise invalid(message)
        for attempt in range(_TRIES):
            database, row = await self._stores.locate(run)
            change = await self._asked(verb, database, row, reason, by, since, keep_attempts=keep_attempts)
            answer = await self._committed(database, row, change)
            if answer.accepted:
                to = answer.state or "gone"
                return {"pid": pid_of(row), "run_id": row.run_id, "verb": verb, "state": row.state, "to": to}
            if not _is_passing(run, row, answer) or attempt == _TRIES - 1:
                since = await self._stores.read(database, partial(looking.since, run=row.run, state=answer.state))
                strict, moved = row.strict, row.revision
                refusal = refused(change, answer, repr(row.workflow_id), strict=strict, revision=moved, since=since)
                raise await self._with_a_way_on(database, row, change, refusal)
        raise AssertionError

    async def _with_a_way_on(self, database: str, row: RunRow, change: ChangeRun, refusal: Error) -> Error:
        """Add to the refusal of a resume what lets a run go on that waits for a person, and is not paused."""
        way = ""
        if change.verb == "resume":
            way = await self._stores.read(database, lambda reader: looking.way_on(reader, row))
        if not way:
            return refusal
        failure = refusal.failure
        return Error(f"{refusal.message}; {way}", failure.kind, retryable=False, details=failure.details)

    async def resolve(self, run: str, ref: int, outcome: Outcome | None, *, by: str = "") -> dict[str, Any]:
        """Say how a call ended of which nobody knows, and let its paused run go on; returns what `change` does.

        Args:
            run: a PID, a workflow id or a run id.
            ref: the number of the call, as the reason of the pause has it.
            outcome: what the call came to; None has it attempted again.
            by: who says so.

        Raises:
            Error: NotFound; Conflict when the run is not paused or has no such call.
        """
        for attempt in range(_TRIES):
            database, row = await self._stores.locate(run)
            held = await self._stores.read(database, _loading(row.run))
            change = resolving(held, ref, outcome, at=await self._times.now(database), by=by)
            answer = await self._committed(database, row, change)
            if answer.accepted:
                return {
                    "pid": pid_of(row),
                    "run_id": row.run_id,
                    "verb": "resolve",
                    "state": row.state,
                    "to": answer.state,
                }
            if answer.refusal != "revision" or attempt == _TRIES - 1:
                raise refused(change, answer, repr(row.workflow_id), strict=row.strict, revision=row.revision)
        raise AssertionError

    async def repin(self, run: str, source: str, bundle: bytes = b"", *, by: str = "") -> dict[str, Any]:
        """Pin a paused run to another source and let it go on; returns what `change` does.

        Args:
            run: a PID, a workflow id or a run id.
            source: the content hash of a source that is stored, or of `bundle`.
            bundle: the bytes of a source that need not be stored yet (`Bundle.data`).
            by: who asks.

        Raises:
            Error: NotFound, for no such run or source; Conflict when the run is not paused; Invalid when the bytes are
                no source of that hash.
        """
        if bundle and Bundle.from_bytes(bundle).hash != source:
            message = f"run repin: the bytes given are not those of source {source[:16]}…"
            raise invalid(message)
        database, row = await self._stores.locate(run)
        reason = f"pinned to source {source[:16]}…, was {row.bundle_hash[:16]}…"
        pid, now = pid_of(row), await self._times.now(database)
        change = asking("repin", at=now, run=row.run, workflow_id=row.workflow_id, pid=pid, reason=reason, by=by)
        answer = await self._committed(database, row, replace(change, source=source, bundle=bundle, asked=encode(None)))
        if not answer.accepted:
            raise refused(replace(change, source=source), answer, repr(row.workflow_id), strict=row.strict)
        return {"pid": pid, "run_id": row.run_id, "verb": "repin", "state": row.state, "to": answer.state}

    async def accept(  # noqa: PLR0913 - the parts of `Asked`
        self,
        run: str,
        *,
        source: str = "",
        bundle: bytes = b"",
        dry_run: bool = False,
        revision: int | None = None,
        reason: str = "",
        by: str = "",
    ) -> dict[str, Any]:
        """Let a paused run go on with a source that does not repeat its journal: what differs is dropped.

        Everything from the fact on in whose feed they differ is superseded. That fact, and what came from outside after
        it, arrives again; requests get numbers of their own. Nothing that has happened is compensated.

        Args:
            run: a PID, a workflow id or a run id.
            source: the content hash of a source that is stored, or of `bundle`; "" for the one that it is pinned to.
            bundle: the bytes of a source that need not be stored yet.
            dry_run: change nothing.
            revision: what the run must be at, as a dry run said it; None for whatever it is.
            reason: for the history of the run.
            by: who asks.

        Returns what `change` does, and with it `step` (where they differ), `report`, `cut` (the first event that is
        dropped), `dropped` (how many are), `happened` (what they did to the world, as lines of a timeline), `again`
        (the kinds of what arrives again) and `revision`.

        Raises:
            Error: NotFound, for no such run or source; Conflict when the run is not paused, is at another revision, or
                does not differ; Invalid for a source of another entry, or one that does not compile.
        """
        asked = Asked(source, bundle, dry_run, revision, reason, by)
        return await accept(Acting(self._stores, self._times, self._judge, self._committed), run, asked)

    async def accept_all(
        self, which: RunFilter, *, older_than: int = 0, dry_run: bool = False, reason: str = "", by: str = ""
    ) -> list[dict[str, Any]]:
        """Accept all runs that match and are paused because their source does not repeat their journal.

        Returns a line for each, as `accept` does, with `error` for one that could not be. `older_than` as in
        `change_all`.
        """
        accepted = partial(self.accept, dry_run=dry_run, reason=reason, by=by)
        matching = self._matching(which)
        rows = (row async for of, row in matching if row.updated <= await self._times.now(of) - older_than)
        return await accept_each(rows, accepted)

    async def change_all(  # noqa: PLR0913 - a verb, whom it is about, and how
        self,
        verb: str,
        which: RunFilter,
        *,
        older_than: int = 0,
        due: bool = False,
        dry_run: bool = False,
        reason: str = "",
        by: str = "",
        since: str = "",
        keep_attempts: bool = False,
    ) -> list[dict[str, Any]]:
        """Change all runs that match and take the verb; returns a line for each, as `change` does.

        A line has `error` when that run could not be changed; the others are. With `dry_run` nothing is changed, and
        `to` says what would become of each. `older_than` is nanoseconds since the last change of the run. `due`, for
        release, leaves out those that may not begin yet; see `releasing.is_due`.
        """
        if due and verb != "release":
            message = f"due: got it for {verb}, expected it for release only"
            raise invalid(message)
        lines = []
        async for database, row in self._matching(which):
            now = await self._times.now(database)
            if row.updated > now - older_than or not states.allows(verb, row.state, row.strict, row.revision):
                continue
            if due and not await self._stores.read(database, partial(is_due, row=row, now=now)):
                continue
            line = {"pid": pid_of(row), "run_id": row.run_id, "verb": verb, "state": row.state}
            if dry_run:
                lines.append({**line, "to": states.VERBS[verb].to or "gone", "dry_run": True})
                continue
            try:
                done = await self.change(
                    verb, row.run_id, reason=reason, by=by, since=since, keep_attempts=keep_attempts
                )
            except Error as error:
                lines.append({**line, "to": row.state, "error": error.message})
            else:
                lines.append(done)
        return lines

    async def _matching(self, which: RunFilter) -> AsyncIterator[tuple[str, RunRow]]:
        for database in self._stores.opened():
            before: int | None = None
            while rows := await self._stores.read(database, page(which, before)):
                for row in rows:
                    yield database, row
                if (before := next_before(rows, before)) is None:
                    break

    async def _committed(self, database: str, row: RunRow, change: ChangeRun) -> Committed:
        served = self._commit(row, change)
        return await (self._stores.commit(database, change) if served is None else served)

    async def _asked(  # noqa: PLR0913, PLR0917 - see `change`
        self, verb: str, database: str, row: RunRow, reason: str, by: str, since: str, *, keep_attempts: bool
    ) -> ChangeRun:
        now = await self._times.now(database)
        change = asking(verb, at=now, run=row.run, workflow_id=row.workflow_id, pid=pid_of(row), reason=reason, by=by)
        if not states.allows(verb, row.state, row.strict, row.revision):
            return change  # refused by the store, which knows the state of that moment
        if verb == "retry":
            held = await self._stores.read(database, lambda reader: reader.load(row.run))
            change = retrying(replace(change, asked=encode({"reason": reason, "by": by})), held, since)
            aside = await self._stores.read(database, partial(set_aside_by, change, held))
            return replace(change, documents=aside)
        if verb == "resume" and not keep_attempts and (calls := pause_of(row.waits).calls):
            return replace(change, dropped_calls=list(calls), revision=row.revision)
        if verb == "purge":
            documents = await self._stores.read(database, lambda reader: scrubbed(reader, row))
            return replace(change, documents=documents, revision=row.revision)
        if verb == "delete-data":
            ended = encode({"ended": row.state}) if row.state in states.ENDED else b""
            due = PutDocument(DELETE_DATA, row.run_id, encode(row.run), due=now)
            return replace(change, waits=ended, documents=(due,), revision=row.revision)
        return change


def _is_passing(reference: str, row: RunRow, answer: Committed) -> bool:
    """Tell whether a refusal is for what has just changed: the run, or which run it is that a workflow id means."""
    over = row.state in states.OPEN and answer.state in states.TERMINAL
    return answer.refusal == "revision" or (answer.refusal == "state" and over and reference != row.run_id)


def _loading(run: int) -> Callable[[Reader], OpenRun]:
    return lambda reader: reader.load(run)
