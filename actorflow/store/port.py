"""The ports of a store: what the workflow host asks on its hot path, and what people read.

A store is dumb: it applies what a batch says, atomically, and decides nothing about runs. `Store` is used by one
thread at a time, the writer's. A `Reader` is a second connection with a thread of its own; what was committed before
a snapshot began is in the snapshot. All calls are synchronous; all times are Unix nanoseconds.

Every method may raise `Error`: kind Unavailable when trying again may help, Internal when the database is damaged.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from actorflow.errors import UNAVAILABLE, Error
from actorflow.run.document import DocumentRow
from actorflow.run.event import JournalEvent
from actorflow.run.row import RunChanged, Wanted
from actorflow.run.turn import CallRow, Committed, InboxRow, Item, OpenRun, RunRow, StateChange

if TYPE_CHECKING:
    from actorflow.store.owning import Ownership, Pulse
    from actorflow.store.telling import Listener

T = TypeVar("T")


class CommitUnknown(Error):
    """A commit failed in a way that leaves open whether it was written: read everything again, assume nothing.

    The connection it happened on is closed. The next call opens a new one and settles the question before it answers.
    """

    def __init__(self, message: str) -> None:
        """Say what happened; the kind is Unavailable, and whether to try again is for the reader to find out."""
        super().__init__(message, UNAVAILABLE, retryable=None)


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs to list: those that equal every field given.

    `prefix` is how the workflow id begins; `attributes` are (name, text of the value) of search attributes.
    """

    host: str = ""
    state: str = ""
    entry: str = ""
    prefix: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    queue: str = ""


class HostReader(Protocol):
    """What a host asks of its open runs: of all of them, or of those in some shards."""

    def held(self, host: str, after: int = 0, limit: int = 1000) -> list[tuple[str, int, str]]:
        """Return (workflow id, run, state) of the runs that `open_runs` returns: what is looked at for all of them."""
        ...

    def held_beside(self, host: str) -> list[tuple[str, int]]:
        """Return (workflow id, run) of the ids that open runs of a host hold beside their own: they had waited."""
        ...

    def due_timers(
        self, host: str, until: int, limit: int = 1000, queues: Collection[str] | None = None
    ) -> list[tuple[int, int, int]]:
        """Return (run, ref, due) of timers due at `until`, earliest first. Paused runs keep theirs until resumed.

        With `queues`, what would let runs of other queues begin is left out, unless they stand in line for what others
        hold: they were let go then.
        """
        ...

    def due_calls(self, host: str, until: int, limit: int = 1000) -> list[tuple[int, CallRow]]:
        """Return (run, call) of waiting calls due at `until`, earliest first. Paused runs keep theirs until resumed."""
        ...

    def inbox_runs(self, host: str) -> list[int]:
        """Return the open runs of a host that get turns and have deliveries in their inbox."""
        ...

    def naming(self, host: str) -> list[tuple[str, JournalEvent]]:
        """Return (workflow id, event) of what a host's open runs did with names and of the answers they got, in order.

        The events are those of `event.TOLD_OF_NAMES`, of runs that have one of `event.NAMING`. The journals
        of such runs are read from end to end, those of other runs not at all.
        """
        ...


class HotReader(HostReader, Protocol):
    """The reads a workflow host lives on."""

    def of_shards(self, shards: Collection[int]) -> HostReader:
        """Return the same reads for the runs of some shards; see `run/shard.py`."""
        ...

    def load(self, run: int, *, lazy: bool = False) -> OpenRun:
        """Return everything needed to continue a run, finished ones included.

        A `lazy` answer may have references in place of large payloads that a replay only compares; see
        `event.is_sound`.

        Raises:
            Error: kind NotFound.
        """
        ...

    def load_many(self, runs: Sequence[int], longest: int, *, lazy: bool = False) -> list[OpenRun]:
        """Return what `load` returns of several runs, by run number, in a few statements for all of them.

        Left out are runs that do not exist, those with more than `longest` journal events, and those at the end for
        which the answer would become too large: they are for `load`.
        """
        ...

    def open_runs(self, host: str, after: int = 0, limit: int = 1000) -> list[RunRow]:
        """Return runs of a host that have not ended, by run number, beginning after run number `after`."""
        ...

    def wanted(self, run: int) -> list[Wanted]:
        """Return the ids and lock keys beside its own that an open run waits for, in order; none once it has them."""
        ...

    def find(self, reference: str) -> RunRow | None:
        """Return the run a reference means: the open run of that workflow id, a run id, the newest of the id."""
        ...

    def continued(self, run: int) -> tuple[str, str]:
        """Return the run ids of the run that this one continues, and of the one it continued as; "" for none."""
        ...

    def next_due(self, host: str) -> int | None:
        """Return when the next timer or call of a host is due, None when there is none."""
        ...

    def info(self) -> dict[str, str]:
        """Return what the store says of itself, e.g. its `epoch`; see `epoch`."""
        ...

    def bundle(self, content_hash: str) -> bytes | None:
        """Return the source stored under a content hash."""
        ...

    def inbox(self, run: int, after: int = 0) -> list[InboxRow]:
        """Return deliveries a run has not journaled yet, in order of arrival, with ids above `after`."""
        ...


class Documents(Protocol):
    """The reads of what is kept beside runs."""

    def document(self, kind: str, key: str) -> DocumentRow | None:
        """Return a document, None when there is none of this name."""
        ...

    def documents(self, kind: str, prefix: str = "", after: str = "", limit: int = 1000) -> list[DocumentRow]:
        """Return documents of a kind whose keys begin with `prefix`, by key (bytewise), beginning after `after`."""
        ...

    def due_documents(self, kind: str, until: int, limit: int = 1000) -> list[DocumentRow]:
        """Return documents of a kind that are due at `until`, earliest first."""
        ...

    def next_due_document(self, kind: str) -> int | None:
        """Return when the next document of a kind is due, None when none ever is."""
        ...


class ReadModel(Protocol):
    """The reads people look at: lists, histories, counts, checks. None is needed to run a workflow."""

    def runs(self, which: RunFilter, limit: int = 100, before: int | None = None) -> list[RunRow]:
        """Return runs, newest first, with run numbers below `before`."""
        ...

    def journal(self, run: int, after: int = 0, limit: int = 1000) -> list[JournalEvent]:
        """Return journal events with positions above `after`, in order."""
        ...

    def journaled(self, run: int, kinds: Sequence[str]) -> list[JournalEvent]:
        """Return the events of some kinds in a journal, in order."""
        ...

    def chain(self, run: int, after: int = 0, limit: int = 100) -> list[RunRow]:
        """Return all runs that one has gone through by continuing as a new one, oldest first; itself, if none.

        Those with run numbers above `after`, at most `limit`.
        """
        ...

    def history_size(self, run: int) -> int:
        """Return the bytes of the payloads in a journal, as they are stored, with those that are kept apart."""
        ...

    def history(self, run: int) -> list[StateChange]:
        """Return the state history, oldest first."""
        ...

    def changes(self, after: int, limit: int = 1000) -> list[RunChanged]:
        """Return changes of state of all runs, in order, with ids above `after`: what a watcher's cursor needs."""
        ...

    def last_change(self) -> int:
        """Return the id of the newest change of state, 0 when there is none: where a new watcher begins."""
        ...

    def attributes(self, run: int) -> dict[str, Any]:
        """Return the search attributes of a run."""
        ...

    def memo(self, run: int) -> dict[str, Any]:
        """Return the memo of a run."""
        ...

    def counts(self) -> dict[tuple[str, str], int]:
        """Return how many runs there are by (host, state). Reads every run: for people, not for loops."""
        ...

    def verify(self, run: int) -> list[str]:
        """Check a run's journal (gaps, digests, chain) and its other rows; return a sentence for each fault found."""
        ...


class Reader(HotReader, Documents, ReadModel, Protocol):
    """All reads on one connection."""

    def await_end(self, run: int) -> None:
        """Ask the other nodes of the store to tell of a run when it ends (`telling.Listener`), where they can.

        Nothing rests on it: an end that is written meanwhile may not be told of.
        """
        ...

    def snapshot(self, read: Callable[[Any], T]) -> T:
        """Return `read(self)`, all of whose reads see the store at one moment."""
        ...

    def close(self) -> None:
        """Let go of the connection. May be called twice."""
        ...


class Store(HotReader, Documents, ReadModel, Protocol):
    """What the writer thread uses.

    Attributes:
        shared: whether other nodes, on other machines, may write to it at the same time.
    """

    shared: bool

    @property
    def commits(self) -> int:
        """How many transactions this store has committed since it was opened."""
        ...

    def commit(self, batch: Sequence[Item]) -> list[Committed]:
        """Apply a batch in one transaction and return an answer for each item, in order.

        Items are applied in order and each sees its predecessors. A refused item writes nothing and leaves its
        neighbours alone. When this returns, everything accepted is on disk.

        Raises:
            Error: kind Unavailable, when nothing was written and it may be tried again (disk full, busy).
            CommitUnknown: when it is not known whether the batch was written.
            Exception: anything else, when some item cannot be stored at all; nothing was written.
        """
        ...

    def commit_at_once(self, batch: Sequence[Item]) -> list[Committed] | None:
        """Apply a batch as `commit` does, without ever waiting for another process: for the node's own thread.

        Returns None when that is not possible: then nothing was written, and `commit` may do it or say what is wrong.

        Raises:
            CommitUnknown: when it is not known whether the batch was written.
        """
        ...

    def collect_sources(self, *, dry_run: bool = False) -> list[tuple[str, int]]:
        """Remove the sources that no run refers to, and return (hash, bytes) of each; with `dry_run` remove none.

        A start brings its source with it, so one that begins meanwhile, on this connection or another, keeps or
        stores it.
        """
        ...

    def claim(self, host: str, lease: int = 0) -> int:
        """Take over a host: fence every earlier owner off, and return the token that its turns must now carry.

        The token is `lease`, or one more than the last token of the host if that is higher. Every open run of the
        host gets it, and so does every run started on the host from now on, whoever starts it.
        """
        ...

    def reader(self) -> Reader:
        """Return a reader on a connection of its own."""
        ...

    @property
    def ownership(self) -> Ownership:
        """Which nodes share the store, and which of them owns what: for the thread that commits."""
        ...

    def pulse(self) -> Pulse:
        """Return what raises the counter of a node, on a connection of its own."""
        ...

    def listener(self) -> Listener | None:
        """Return what hears of the writes of others, None where nobody is told of them; see `telling`."""
        ...

    def overtaken(self) -> Mapping[int, int]:
        """Return the runs that got something while earlier things lay in their inboxes, with the newest row of those.

        By the commits since it was asked last; of a store that nobody else writes to, nothing.
        """
        ...

    def close(self) -> None:
        """Let go of the database. May be called twice."""
        ...
