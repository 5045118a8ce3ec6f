"""Capsules: everything that is known of one run, as one value that can be looked at and replayed anywhere.

The seed of the run is never in it: a replay takes recorded draws from the journal, and who knows the seed knows every
random value to come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import Any, Final

from actorflow.bundle import Bundle
from actorflow.codec import decode, encode
from actorflow.errors import invalid, not_found
from actorflow.run import event as events
from actorflow.run.document import DocumentRow
from actorflow.run.draw import SEED_SIZE
from actorflow.run.event import JournalEvent, chain
from actorflow.run.turn import CallRow, InboxRow, OpenRun, RunRow, StateChange
from actorflow.store.approval import APPROVAL, EARLY
from actorflow.store.port import Reader
from actorflow.store.view import find
from actorflow.value import Limits

PAGE: Final = 1000
_PAGE_BYTES: Final = 4 * 1024 * 1024
_OF_RUNS: Final = (APPROVAL, EARLY)
"""Kinds of documents that belong to one run, whose keys begin with its run id."""
UNBOUNDED: Final = Limits(depth=80, size=1 << 40)


@dataclass(frozen=True)
class Capsule:
    """One run.

    Attributes:
        held: its row, journal, inbox, timers and calls. bundle: its source, with the libraries.
        older: sources that it went by before it was pinned to that one, by content hash, as far as they are kept.
        limits: what its host holds runs to, as written. states: its state history. documents: of the run.
        engine: version of the release that made the capsule.
        altered: positions of events whose payload is not the recorded one any more.
        redacted: whether values are withheld, so that the script need not repeat what is recorded.
        foreign: whether it comes from a file, so that its script is held to limits of ours.
    """

    held: OpenRun
    bundle: Bundle
    limits: Mapping[str, Any] = field(default_factory=dict)
    states: Sequence[StateChange] = ()
    documents: Sequence[DocumentRow] = ()
    engine: str = ""
    altered: frozenset[int] = frozenset()
    redacted: bool = False
    foreign: bool = False
    older: Mapping[str, Bundle] = field(default_factory=dict)

    @property
    def sources(self) -> list[Bundle]:
        """Every source that is in it."""
        return [self.bundle, *self.older.values()]

    def plain(self) -> dict[str, Any]:
        """Return it as plain data; `capsule_of` undoes it."""
        return {
            **head_of(self.held, self.bundle.data, self.states, self.documents),
            "events": [list(event) for event in self.held.events],
            "limits": dict(self.limits),
            "engine": self.engine,
            "altered": sorted(self.altered),
            "redacted": self.redacted,
            **({"older": [bundle.data for bundle in self.older.values()]} if self.older else {}),
        }


def head_of(
    held: OpenRun, bundle: bytes, states: Sequence[StateChange], documents: Sequence[DocumentRow]
) -> dict[str, Any]:
    """Return what a capsule has beside the journal, as plain data."""
    return {
        "row": asdict(held.row),
        "inbox": [asdict(row) for row in held.inbox],
        "timers": [list(timer) for timer in held.timers],
        "calls": [asdict(call) for call in held.calls],
        "bundle": bundle,
        "states": [asdict(change) for change in states],
        "documents": [asdict(row) for row in documents],
    }


def page_of(reader: Reader, reference: str, after: int) -> dict[str, Any]:
    """Return a part of a run: `events` with positions above `after`, and in the first part everything else.

    Raises:
        Error: kind NotFound, when there is no such run or its source is gone.
    """
    row = find(reader, reference)
    page, size = [], 0
    for event in reader.journal(row.run, after, PAGE):
        page.append(list(_seedless(event) if event.seq == 1 else event))
        size += len(event.payload) + len(event.drawn)
        if size > _PAGE_BYTES:
            break
    return {"events": page} if after else {**_head(reader, row), "events": page}


def _head(reader: Reader, row: RunRow) -> dict[str, Any]:
    held = reader.load(row.run)
    bundle = reader.bundle(row.bundle_hash)
    if bundle is None:
        raise invalid(f"run {row.workflow_id!r}: its source {row.bundle_hash[:12]} is not in the store")
    documents = [document for kind in _OF_RUNS for document in reader.documents(kind, prefix=f"{row.run_id}/")]
    head = head_of(held, bundle, reader.history(row.run), documents)
    older = [data for source in _went_by(held) - {row.bundle_hash} if (data := reader.bundle(source)) is not None]
    return {**head, "engine": version("actorflow"), "altered": [1], "redacted": False, "older": older}


def _went_by(held: OpenRun) -> set[str]:
    """Return the hashes of the sources that a run has been pinned to by its journal, one after another."""
    started = decode(held.events[0].payload) if held.events and held.events[0].payload else {}
    pinned = {event.target for event in held.events if event.kind == events.RUN_REPINNED}
    return {str(started["source"]), *pinned} if pinned and started.get("source") else set()


def _seedless(start: JournalEvent) -> JournalEvent:
    if not start.payload:
        return start
    return start._replace(payload=encode({**decode(start.payload), "seed": bytes(SEED_SIZE)}, UNBOUNDED))


def capsule_of(plain: Mapping[str, Any]) -> Capsule:
    """Return the capsule in plain data, which may come from anywhere.

    Raises:
        Error: kind Invalid, when it is damaged or no capsule.
    """
    try:
        made = _made(plain)
        _check(made)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError, OverflowError) as error:
        raise invalid(f"damaged capsule: {type(error).__name__}: {error}") from error
    return made


def _made(plain: Mapping[str, Any]) -> Capsule:
    held = OpenRun(
        RunRow(**plain["row"]),
        [JournalEvent(*event) for event in plain["events"]],
        [InboxRow(**row) for row in plain["inbox"]],
        [(int(ref), int(due)) for ref, due in plain["timers"]],
        [CallRow(**call) for call in plain["calls"]],
    )
    return Capsule(
        held,
        Bundle.from_bytes(plain["bundle"]),
        dict(plain.get("limits", {})),
        [StateChange(**change) for change in plain["states"]],
        [DocumentRow(**row) for row in plain["documents"]],
        str(plain["engine"]),
        frozenset(plain["altered"]),
        bool(plain["redacted"]),
        older={bundle.hash: bundle for bundle in map(Bundle.from_bytes, plain.get("older", ()))},
    )


def _check(capsule: Capsule) -> None:
    """Do nothing if the parts of a capsule belong together, as far as the chain of the journal says."""
    row, previous = capsule.held.row, b""
    if capsule.bundle.hash != row.bundle_hash:
        raise invalid("damaged capsule: its source is not the one that the run is pinned to")
    for seq, event in enumerate(capsule.held.events, 1):
        previous = chain(previous, event)
        if event.seq in capsule.altered:
            previous = event.checksum  # what it has drawn may be withheld, too
        if event.seq != seq or event.checksum != previous:
            raise invalid(f"damaged capsule: the chain of its journal breaks at event {seq}")
    if not capsule.held.events or (row.last_seq, row.last_checksum) != (len(capsule.held.events), previous):
        raise invalid(f"damaged capsule: its journal has {len(capsule.held.events)} events, expected {row.last_seq}")


def started_with(capsule: Capsule) -> dict[str, Any]:
    """Return the payload of the run's start.

    Raises:
        Error: kind NotFound, when the data of the run are deleted.
    """
    data = capsule.held.events[0].payload
    payload = decode(data) if data else None
    if not isinstance(payload, dict):
        raise not_found(f"the data of run {capsule.held.row.workflow_id!r} are deleted: nothing can be replayed")
    return payload
