"""Examining a store: the database itself, every run, every row without a run. Reads only, beside a running node too.

Each run is read at one moment; between two runs the node goes on. Nothing here raises over a damaged store: what
cannot be read is a fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, Table, and_, bindparam, exists, or_, select

from actorflow.bundle import Bundle
from actorflow.errors import Error
from actorflow.run import state as states
from actorflow.run.turn import OpenRun
from actorflow.store import tables as t
from actorflow.store.belonging import BY_NUMBER, BY_RUN_ID
from actorflow.store.database import Database
from actorflow.store.dialect import Sqlite
from actorflow.store.examine_lock import lock_findings
from actorflow.store.examine_run import close_findings
from actorflow.store.read import SqlReader
from actorflow.store.statement import compiled, limited
from actorflow.store.verify import Finding, findings

OF_RUNS: Final[tuple[Table, ...]] = tuple(
    table for table in t.metadata.sorted_tables if "run" in table.c and table is not t.run
)
"""The tables whose rows belong to a run, by their column `run`."""

REINDEX: Final = "index"
STRAY: Final = "stray"
LEFT_OVER: Final = "left-over"
QUARANTINE: Final = "quarantine"

_ALL: Final = 2**63 - 1
_PAGE: Final = 1000
_BEFORE_ALL: Final = -(2**63)
_RESTORE: Final = "restore a backup"
_REACH: Final = "nothing was looked at: see that the server can be reached, and try again"
_DELETE: Final = "`actorflow doctor --repair` deletes what is left over"
_PAUSE: Final = f"`actorflow doctor --repair` pauses it; {_RESTORE}, or terminate it"


class Fault(NamedTuple):
    """One fault of a store.

    Attributes:
        file: the database. what: what is wrong. advice: what to do.
        cure: how `mend` repairs it, "" when it cannot.
        run: run number, 0 when it is about no run. workflow_id: its id, or "".
        seq: position in its journal, 0 when it is about no event. table: the table concerned, or "".
        document: kind and key of the document concerned, or "".
    """

    file: str
    what: str
    advice: str
    cure: str = ""
    run: int = 0
    workflow_id: str = ""
    seq: int = 0
    table: str = ""
    document: str = ""


def examine(dialect: Database) -> Iterator[Fault]:
    """Iterate the faults of a store, none when it is sound."""
    with closing(_Reader(dialect)) as reader:
        try:
            reader.snapshot(lambda _reader: None)
        except Exception as error:  # noqa: BLE001 - whatever keeps it from being opened is the fault
            yield Fault(dialect.place, told(error), _RESTORE if isinstance(dialect, Sqlite) else _REACH)
            return
        examiner = _Examiner(dialect, reader)
        for part in (
            examiner.database,
            examiner.sources,
            examiner.runs,
            examiner.documents,
            examiner.strays,
            examiner.locks,
        ):
            try:
                yield from part()
            except Exception as error:  # noqa: BLE001 - what cannot be read is a fault, and the rest is looked at
                yield Fault(dialect.place, f"{part.__name__}: {told(error)}", _RESTORE)


def told(error: Exception) -> str:
    """Return what an error says."""
    return error.message if isinstance(error, Error) else f"{type(error).__name__}: {error}"


class _Reader(SqlReader):
    """A reader that also looks at the database as such."""

    def select(self, statement: Select[Any], **parameters: object) -> list[Any]:
        """Return the rows of a statement."""

        def read(_reader: Any) -> list[Any]:
            return self._rows(compiled(self.dialect, statement, *parameters), *parameters.values())

        return self.snapshot(read)

    def integrity(self) -> list[str]:
        """Return what the database says of itself."""
        return self.snapshot(lambda _reader: self.dialect.integrity(self._connection()))

    def whole(self, run: int) -> OpenRun:
        """Return everything of a run, large values too."""
        return self.load(run)

    def holder(self, workflow_id: str) -> int:
        """Return the number of the run that holds a workflow id, or 0."""
        row = self._run_row(self._reads.holder, workflow_id)
        return row.run if row is not None else 0


class _Examiner:
    """One examination; each method is a part of it."""

    def __init__(self, dialect: Database, reader: _Reader) -> None:
        self._file = dialect.place
        self._reader = reader

    def database(self) -> Iterator[Fault]:
        for what in self._reader.integrity():
            if " index " in what:
                advice = "`actorflow doctor --repair` makes the indexes again"
                yield Fault(self._file, f"database: {what}", advice, REINDEX)
            else:
                yield Fault(self._file, f"database: {what}", _RESTORE)

    def sources(self) -> Iterator[Fault]:
        for (name,) in self._reader.select(select(t.source.c.hash)):
            try:
                data = self._reader.bundle(name)
                sound = data is not None and Bundle.from_bytes(data).hash == name
            except Exception:  # noqa: BLE001 - a damaged bundle may raise anything
                sound = False
            if not sound:
                what = f"source {str(name)[:12]}: it is not what its hash says"
                yield Fault(self._file, what, f"runs of it pause when they are read; {_RESTORE}", table="source")

    def runs(self) -> Iterator[Fault]:
        numbers = limited(select(t.run.c.run).where(t.run.c.run > bindparam("after")).order_by(t.run.c.run))
        after = _BEFORE_ALL
        while found := self._reader.select(numbers, after=after, limit=_PAGE):
            page = [run for (run,) in found if run > after]  # a damaged page may give those before it, again and again
            for run in page:
                yield from self._run(run)
            if not page:
                return
            after = max(page)

    def _run(self, run: int) -> Iterator[Fault]:
        try:
            yield from self._reader.snapshot(lambda _reader: list(self._faults(run)))
        except Exception as error:  # noqa: BLE001 - the next one may be sound
            yield Fault(self._file, f"the run cannot be read: {told(error)}", _PAUSE, QUARANTINE, run)

    def _faults(self, run: int) -> Iterator[Fault]:
        reader = self._reader
        held = reader.whole(run)
        row = held.row
        has_source = reader.bundle(row.bundle_hash) is not None
        found = findings(held, reader.history(run), holder=reader.holder(row.workflow_id), has_source=has_source)
        for finding in (*found, *close_findings(held)):
            advice, cure = _advice(row.state, finding)
            yield Fault(self._file, finding.what, advice, cure, run, row.workflow_id, finding.seq)

    def documents(self) -> Iterator[Fault]:
        for kind, key in self._reader.select(select(t.document.c.kind, t.document.c.key)):
            try:
                self._reader.document(kind, key)
            except Exception as error:  # noqa: BLE001 - the next one may be sound
                yield Fault(self._file, told(error), f"{_RESTORE}, or write it again", table="document")
            if self._is_left_over(kind, key):
                what = f"document {kind} {key}: it is of a run that does not exist"
                yield Fault(self._file, what, _DELETE, LEFT_OVER, table="document", document=f"{kind}/{key}")

    def _is_left_over(self, kind: str, key: str) -> bool:
        if kind not in BY_RUN_ID + BY_NUMBER:
            return False
        name = key.partition("/")[0]
        column = t.run.c.run if kind in BY_NUMBER else t.run.c.run_id
        wanted = int(name) if kind in BY_NUMBER and name.isdecimal() else name
        its_run = select(t.run.c.run).where(column == bindparam("name"))
        here = _bound_document()  # looked at again: a node may have removed both since
        return not self._reader.select(its_run, name=wanted) and bool(
            self._reader.select(here, kind_is=kind, key_is=key)
        )

    def strays(self) -> Iterator[Fault]:
        for table in OF_RUNS:
            its_run = select(t.run.c.run).where(t.run.c.run == table.c.run)
            for (run,) in self._reader.select(select(table.c.run).distinct().where(~its_run.exists())):
                what = f"table {table.name}: it has rows of run {run}, which does not exist"
                yield Fault(self._file, what, _DELETE, STRAY, run, table=table.name)
        own = t.open_run.c.workflow_id == t.run.c.workflow_id
        beside = exists().where(t.queued_run.c.run == t.open_run.c.run)
        beside = beside.where(t.queued_run.c.workflow_id == t.open_run.c.workflow_id)
        differs = or_(and_(~own, ~beside), t.open_run.c.host != t.run.c.host)
        held = t.open_run.join(t.run, t.run.c.run == t.open_run.c.run)
        for (run,) in self._reader.select(select(t.open_run.c.run).select_from(held).where(differs)):
            what = f"table open_run: what it says of run {run} is not what the run row says"
            yield Fault(self._file, what, _DELETE, STRAY, run, table="open_run")

    def locks(self) -> Iterator[Fault]:
        """Look at ids and lock keys that runs hold beside their own, or wait for."""
        wants = t.queued_run.join(t.run, t.run.c.run == t.queued_run.c.run)
        columns = (t.run.c.run, t.run.c.workflow_id, t.run.c.state, t.run.c.last_seq)
        held = select(t.open_run.c.run).where(t.open_run.c.workflow_id == t.queued_run.c.workflow_id)
        asked = select(t.queued_run.c.workflow_id, t.queued_run.c.ready, held.scalar_subquery(), *columns)
        order = (t.queued_run.c.priority.desc(), t.queued_run.c.run, t.queued_run.c.workflow_id)
        rows = self._reader.select(asked.select_from(wants).order_by(*order))
        for found in lock_findings(rows):
            advice = _DELETE if found.cure else f"terminate it, or {_RESTORE}"
            yield Fault(self._file, found.what, advice, found.cure, found.run, found.workflow_id, table="queued_run")


def _bound_document() -> Select[Any]:
    named = (t.document.c.kind == bindparam("kind_is"), t.document.c.key == bindparam("key_is"))
    return select(t.document.c.revision).where(*named)


def _advice(state: str, finding: Finding) -> tuple[str, str]:
    """Return what to do about a finding, and how it is mended."""
    if finding.cure:
        return "`actorflow doctor --repair` sets it right", finding.cure
    if state in states.TERMINAL:
        return f"it has ended: {_RESTORE}, or delete it", ""
    if state == states.PAUSED:
        return f"it is paused and stays so: {_RESTORE}, or terminate it", ""
    return _PAUSE, QUARANTINE
