"""Everything that a store holds of a family of runs, as one value: read at the source, written at the target.

Values are plain in it: each store keeps them its own way, under its own keys. Run numbers and the numbers of inbox
rows are those of the source.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from actorflow.run.document import DocumentRow
from actorflow.run.turn import OpenRun
from actorflow.store.belonging import documents_of
from actorflow.store.relocate.family import Ask
from actorflow.store.relocate.statement import MoveStatements


@dataclass(slots=True)
class Parcel:
    """A family of runs.

    Attributes:
        held: by run number. sources: content hash → bytes. documents: by run number.
        past: rows of state histories (id, run, state, at, reason, by). attributes, children, queued, continued: rows of
            these tables. ids: (workflow id or lock key, run) that are held.
        told: changes of state up to this id are dealt with by every hook of the source.
    """

    held: dict[int, OpenRun]
    sources: dict[str, bytes]
    documents: dict[int, list[DocumentRow]]
    past: list[tuple[Any, ...]] = field(default_factory=list)
    attributes: list[tuple[Any, ...]] = field(default_factory=list)
    children: list[tuple[Any, ...]] = field(default_factory=list)
    queued: list[tuple[Any, ...]] = field(default_factory=list)
    continued: list[tuple[Any, ...]] = field(default_factory=list)
    ids: list[tuple[str, int]] = field(default_factory=list)
    told: int = 0

    @property
    def events(self) -> int:
        """How many journal events are in it."""
        return sum(len(held.events) for held in self.held.values())

    def inbox(self) -> dict[int, int]:
        """Return the number of the last inbox row of each run, 0 for none."""
        return {run: max((row.id for row in held.inbox), default=0) for run, held in self.held.items()}


def read_parcel(reader: Any, ask: Ask, sql: MoveStatements, runs: Sequence[int], told: int) -> Parcel:
    """Return everything of these runs, in the reader's snapshot."""
    packed = reader.dialect.pack(sorted(runs))
    held = {run: reader.load(run) for run in sorted(runs)}
    hashes = {found.row.bundle_hash for found in held.values()}
    sources = {name: data for name in sorted(hashes) if (data := reader.bundle(name)) is not None}
    documents = {run: list(documents_of(reader, run, found.row.run_id)) for run, found in held.items()}
    queued = _rows(ask(sql.queued, packed))
    keys = {row[1] for row in queued} | {found.row.workflow_id for found in held.values()}
    return Parcel(
        held,
        sources,
        documents,
        past=_rows(ask(sql.past, packed)),
        attributes=_rows(ask(sql.attributes, packed)),
        children=_rows(ask(sql.children, packed)),
        queued=queued,
        continued=_rows(ask(sql.continued, packed)),
        ids=[(key, run) for key, run in ask(sql.held, reader.dialect.pack(sorted(keys)), packed)],
        told=told,
    )


def _rows(rows: list[Any]) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in rows]
