"""The writer: one thread that commits, one that reads, and answers handed back to trio once a batch.

The writer thread takes everything that has been submitted while it was busy, up to a number of rows, and commits it in
one transaction. It never waits for more: under load the sync of one commit is the time in which the next group
gathers, and an idle node commits at once: in its own thread, if that is sure to be short (`lone`).

The store is used by one thread at a time without a lock: by the node's only while nothing is under way in the other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from time import perf_counter
from typing import Any, NamedTuple, TypeAlias, TypeVar

import trio

from actorflow.errors import Error
from actorflow.run.turn import Committed, Item
from actorflow.store.group import ROWS, Answer, Callback, Write, closed, commit_all, next_group
from actorflow.store.inline import InlineWriter
from actorflow.store.lone import LoneCommits, is_brief, is_idle
from actorflow.store.memory import MemoryStore
from actorflow.store.moving import Moves
from actorflow.store.owning import Ownership, Pulse
from actorflow.store.port import Reader, Store
from actorflow.store.telling import Listener
from actorflow.store.wait import answer

T = TypeVar("T")


class _Job(NamedTuple):
    """A function to run alone in the thread; a `last` one ends the thread."""

    run: Callable[[], Any]
    callback: Callable[[Any], None]
    last: bool = False


class Writer:
    """The way to a store from the node's trio thread; make it there. All methods are called in that thread.

    Attributes:
        heed: is told, before the callbacks of a batch, of runs that had something of others in their inboxes when the
            batch gave them more (`Store.overtaken`).
    """

    def __init__(self, store: Store, *, rows: int = ROWS) -> None:
        """Start the writer thread.

        Args:
            store: used by this alone from now on, and closed by `close`.
            rows: about how many rows to commit in one transaction.
        """
        self._store = store
        self.rows = rows
        self._token = trio.lowlevel.current_trio_token()
        self._writes: SimpleQueue[list[Write] | _Job] = SimpleQueue()
        self._reads: SimpleQueue[_Job] = SimpleQueue()
        self._reader: Reader | None = None
        self._closed = False
        self._under_way = 0
        self._lone = LoneCommits()
        self.moves = Moves()
        self.heed: Callable[[Mapping[int, int]], None] = lambda _earlier: None
        Thread(target=self._write_loop, name="store-writer", daemon=True).start()

    @property
    def commits(self) -> int:
        """How many transactions the store has committed since it was opened."""
        return self._store.commits

    @property
    def shared(self) -> bool:
        """Whether other nodes may write to the store at the same time."""
        return self._store.shared

    # ---- in the node's thread ----------------------------------------------------------------------------------

    def reader(self) -> Reader:
        """Return a reader of the caller's own, on a connection of its own: for short reads in the node's thread."""
        return self._store.reader()

    def listener(self) -> Listener | None:
        """Return what hears of the writes of others, for a thread of the caller's; see `Store.listener`."""
        return self._store.listener()

    def submit(self, item: Item, callback: Callback) -> None:
        """Ask for an item to be committed. The callback gets a `Committed`, or the `Error` that it met.

        Callbacks of one batch run together, in the order of submission.

        Raises:
            Error: kind Unavailable, when the writer is closed.
        """
        self.submit_all([Write(item, callback)])

    def submit_all(self, writes: list[Write]) -> None:
        """Ask for several items to be committed, in this order; the writer thread is woken once for all of them.

        Raises:
            Error: kind Unavailable, when the writer is closed; then none is taken.
        """
        if self._closed:
            raise closed()
        self._under_way += len(writes)
        self._writes.put(writes)

    def at_once(self, write: Write) -> bool:
        """Commit an item here, if that is sure to be short and nobody has to wait for it; the callback is called.

        Returns False when it is not: then nothing was done, and the item is to be submitted.
        """
        if self._under_way or self._closed or not self._lone.short or not is_brief(write.item):
            return False
        answers = self._commit_here(write.item) if is_idle() else ()
        if not answers:
            self._lone.crowded()
            return False
        self._tell([write], answers, self._store.overtaken())
        return True

    def _commit_here(self, item: Item) -> Sequence[Answer]:
        began = perf_counter()
        try:
            return self._store.commit_at_once([item]) or ()
        except Error as error:
            return [error]
        finally:
            self._lone.made_here(perf_counter() - began)

    async def write(self, item: Item) -> Committed:
        """Commit an item and return the answer. Cancellation does not cut it short: the answer is always known.

        Raises:
            Error: what the commit met; see `Store.commit`.
        """
        committed: Committed = await answer(lambda callback: self.submit(item, callback), abandon=False)
        return committed

    async def claim(self, host: str, lease: int = 0) -> int:
        """Take a host over; see `Store.claim`."""
        token: int = await self._alone(lambda: self._store.claim(host, lease))
        return token

    async def own(self, change: Callable[[Ownership], T]) -> T:
        """Return `change(ownership)`, done between two commits, after what has been submitted before; see `owning`."""
        done: T = await self._alone(lambda: change(self._store.ownership))
        return done

    def pulse(self) -> Pulse:
        """Return what raises the counter of a node, for a thread of the caller's; see `Store.pulse`."""
        return self._store.pulse()

    async def read(self, read: Callable[[Any], T]) -> T:
        """Return `read(reader)`, run in the reader thread on one snapshot; it sees all that was answered before.

        Raises:
            Error: what the reading met.
        """
        if self._closed:
            raise closed()
        if self._reader is None:
            self._reader = self._store.reader()
            Thread(target=self._read_loop, name="store-reader", daemon=True).start()
        reader = self._reader
        result: T = await answer(
            lambda callback: self._reads.put(_Job(lambda: reader.snapshot(read), callback)), abandon=True
        )
        return result

    async def close(self) -> None:
        """Commit and answer what was submitted, end both threads, and close the store. May be called twice."""
        if self._closed:
            return
        self._closed = True
        with trio.CancelScope(shield=True):
            if self._reader is not None:
                close_reader = self._reader.close
                await answer(lambda told: self._reads.put(_Job(close_reader, told, last=True)), abandon=False)
            await answer(lambda told: self._writes.put(_Job(self._store.close, told, last=True)), abandon=False)

    async def _alone(self, run: Callable[[], Any]) -> Any:
        if self._closed:
            raise closed()
        self._under_way += 1
        try:
            return await answer(lambda callback: self._writes.put(_Job(run, callback)), abandon=False)
        finally:
            self._under_way -= 1

    def _answer(self, group: list[Write], answers: list[Answer], earlier: Mapping[int, int], seconds: float) -> None:
        self._under_way -= len(group)
        if self._under_way or len(group) > 1:
            self._lone.crowded()
        else:
            self._lone.made_there(seconds)
        self._tell(group, answers, earlier)

    def _tell(self, group: list[Write], answers: Sequence[Answer], earlier: Mapping[int, int]) -> None:
        if earlier:
            self.heed(earlier)
        for write, result in zip(group, answers, strict=True):
            write.callback(result)
        if self.moves:
            self.moves.committed(group, answers)

    # ---- in the threads ----------------------------------------------------------------------------------------

    def _write_loop(self) -> None:
        waiting: deque[Write] = deque()
        while True:
            job = self._receive(waiting)
            while waiting:
                group = next_group(waiting, self.rows)
                began = perf_counter()
                answers = commit_all(self._store, [write.item for write in group])
                seconds = perf_counter() - began
                with suppress(trio.RunFinishedError):  # the node is gone: nobody is left to be told
                    self._token.run_sync_soon(self._answer, group, answers, self._store.overtaken(), seconds)
                if job is None:  # see first what has been submitted meanwhile: it may ride along
                    break
            if job is not None:
                self._do(job)
                if job.last:
                    return

    def _receive(self, waiting: deque[Write]) -> _Job | None:
        """Take in what has been submitted, up to the next job; wait for it only when there is nothing else to do."""
        wait = not waiting
        while True:
            try:
                entry = self._writes.get(wait)
            except Empty:
                return None
            if isinstance(entry, _Job):
                return entry
            waiting.extend(entry)
            wait = False

    def _read_loop(self) -> None:
        while True:
            job = self._reads.get()
            self._do(job)
            if job.last:
                return

    def _do(self, job: _Job) -> None:
        try:
            result = job.run()
        except Exception as error:  # noqa: BLE001 - raised again where it was asked for
            result = error
        with suppress(trio.RunFinishedError):
            self._token.run_sync_soon(job.callback, result)


AnyWriter: TypeAlias = Writer | InlineWriter


def open_writer(store: Store, *, rows: int = ROWS) -> AnyWriter:
    """Return the writer that fits a store: threads for a database, none for the one in memory."""
    if isinstance(store, MemoryStore):
        return InlineWriter(store, rows=rows)
    return Writer(store, rows=rows)
