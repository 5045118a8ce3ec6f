"""Pools: how many runs of one function there are at a time, who waits, and which loaded state serves whom.

A call that finds its pool busy waits in line. A worker serves one call after another and keeps what its script has
loaded. A function that calls itself, directly or through others, is let through over the limit: it would wait for its
own end.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

import trio

from actorflow.errors import CANCELED, UNAVAILABLE, Error, Failure
from actorflow.ports import CallRequest, Outcome, Reply

LIMIT: Final = 16
"""Workers of a pool that says nothing."""
STATIC: Final = 8
"""Workers of a static pool that says nothing."""
_QUEUE: Final = 64
"""Calls that may wait for each worker of a static pool."""
IDLE: Final = 30.0
"""Seconds after which an idle worker is dismissed, when the next call of any function comes by."""

GiveUp = Callable[[], None]
Free = Callable[[bool], None]
Begin = Callable[["Worker", CallRequest, Reply, Free], GiveUp]
"""Begins a run on a worker and returns what gives it up; calls `Free` once it is over: may the worker be used again?"""


def _never(_request: CallRequest) -> bool:
    """Tell that a call is not nested."""
    return False


class Sizes(NamedTuple):
    """How large a pool is: runs at a time and calls that wait (None: without limit), and whether workers are reused."""

    runs: int | None = LIMIT
    waiting: int | None = None
    reuse: bool = True
    keep: bool = False

    @classmethod
    def of(cls, pool: Any) -> Sizes:
        """Return the sizes that the field `pool` of an entry, a model or a mapping, asks for."""
        written = partial(_field, pool)
        kind, waiting = written("type") or "lazy", written("buffer")
        if kind == "inline":
            return cls(None, None, reuse=False)
        if kind == "static":
            runs = written("workers") or written("size") or STATIC
            return cls(runs, runs * _QUEUE if waiting is None else waiting, keep=True)
        return cls(written("max_size") or written("size") or written("workers") or LIMIT, waiting)


class Worker:
    """What serves calls of one pool, one at a time: its number there, from 1, and the state that it keeps."""

    __slots__ = ("dismissed", "number", "pool", "state")

    def __init__(self, pool: Pool, number: int, state: Any) -> None:
        self.pool = pool
        self.number = number
        self.state = state
        self.dismissed = False

    def dismiss(self) -> None:
        """Forget its state."""
        self.dismissed = True
        dismiss = getattr(self.state, "dismiss", None)
        if dismiss is not None:
            dismiss()


class Idle:
    """The idle workers of all pools of a node, the longest idle first."""

    def __init__(self) -> None:
        self._since: OrderedDict[Worker, float] = OrderedDict()

    def add(self, worker: Worker) -> None:
        """Note that a worker is idle from now on."""
        self._since[worker] = trio.current_time()

    def remove(self, worker: Worker) -> None:
        """Note that a worker works again, or is dismissed."""
        self._since.pop(worker, None)

    def sweep(self) -> None:
        """Dismiss those that have been idle for long."""
        before = trio.current_time() - IDLE
        while self._since:
            worker, since = next(iter(self._since.items()))
            if since > before:
                return
            worker.pool.dismiss(worker)


class Pool:
    """The workers of one function as registered now, and the calls that wait for one."""

    def __init__(self, function: str, sizes: Sizes, make: Callable[[], Any], begin: Begin, idle: Idle) -> None:
        """Make a pool without workers.

        Args:
            function: its id, for messages.
            sizes: see there.
            make: returns the state of a new worker.
            begin: begins a run.
            idle: where workers are noted while they are idle.
        """
        self.sizes = sizes
        self._function = function
        self._make = make
        self._begin = begin
        self._all_idle = idle
        self._idle: list[Worker] = []
        self._numbers: list[int] = []
        self._last = 0
        self._busy = 0
        self._waiting: OrderedDict[_Waiting, None] = OrderedDict()
        self._retired = False

    @property
    def busy(self) -> int:
        """How many runs there are."""
        return self._busy

    @property
    def waiting(self) -> int:
        """How many calls wait."""
        return len(self._waiting)

    def call(self, request: CallRequest, reply: Reply, is_nested: Callable[[CallRequest], bool] = _never) -> GiveUp:
        """Run a call now or, unless it is nested, when its turn comes. Returns what gives it up: no reply comes then.

        Raises:
            Error: kind Unavailable when too many wait, or why the run cannot begin.
        """
        if self._has_room() or is_nested(request):
            return self._start(request, reply)
        if self.sizes.waiting is not None and len(self._waiting) >= self.sizes.waiting:
            counts = f"{self._busy} calls run and {len(self._waiting)} wait, the most that its pool allows"
            raise Error(f"{self._function} is busy: {counts}", UNAVAILABLE, retryable=True)
        waiting = _Waiting(self._waiting, request, reply)
        self._waiting[waiting] = None
        return waiting.give_up

    def retire(self) -> None:
        """Take no more calls: idle workers go, the others when their run is over. Those that wait stay."""
        self._retired = True
        for worker in tuple(self._idle):
            self.dismiss(worker)

    def succeed(self, old: Pool) -> None:
        """Take the place of an older pool: it retires, and who waits there waits here, in the same order."""
        old.retire()
        while old._waiting:
            waiting, _ = old._waiting.popitem(last=False)
            waiting.move(self._waiting)
        self._serve_waiting()

    def close(self) -> None:
        """Retire, and refuse those that wait."""
        self.retire()
        while self._waiting:
            waiting, _ = self._waiting.popitem(last=False)
            waiting.reply(Outcome(failure=Failure("context canceled", CANCELED, retryable=False)))

    def dismiss(self, worker: Worker) -> None:
        """Forget an idle worker, unless the pool keeps its own."""
        self._all_idle.remove(worker)
        if self.sizes.keep and not self._retired:
            return
        self._idle.remove(worker)
        self._forget(worker)

    def _has_room(self) -> bool:
        return self.sizes.runs is None or self._busy < self.sizes.runs

    def _start(self, request: CallRequest, reply: Reply) -> GiveUp:
        worker = self._worker()
        self._busy += 1
        over = False

        def free(usable: bool) -> None:  # noqa: FBT001 - the only argument
            nonlocal over
            if not over:
                over = True
                self._free(worker, usable=usable)

        try:
            return self._begin(worker, request, reply, free)
        except Error:
            free(False)  # noqa: FBT003 - see above
            raise

    def _worker(self) -> Worker:
        if self._idle:
            worker = self._idle.pop()
            self._all_idle.remove(worker)
            return worker
        if self._numbers:
            return Worker(self, self._numbers.pop(), self._make())
        self._last += 1
        return Worker(self, self._last, self._make())

    def _free(self, worker: Worker, *, usable: bool) -> None:
        self._busy -= 1
        if usable and self.sizes.reuse and not self._retired:
            self._idle.append(worker)
            self._all_idle.add(worker)
        else:
            self._forget(worker)
        self._serve_waiting()

    def _forget(self, worker: Worker) -> None:
        worker.dismiss()
        self._numbers.append(worker.number)

    def _serve_waiting(self) -> None:
        while self._waiting and self._has_room():
            waiting, _ = self._waiting.popitem(last=False)
            try:
                waiting.started(self._start(waiting.request, waiting.reply))
            except Error as error:
                waiting.reply(Outcome(failure=error.failure))


class Pools:
    """The pools of one node, by function; each is renewed when what it runs, or the entry, has changed."""

    def __init__(self) -> None:
        """Make no pool yet."""
        self._pools: dict[str, tuple[Any, Any, Pool]] = {}
        self._idle = Idle()

    def __len__(self) -> int:
        """Return how many functions have a pool."""
        return len(self._pools)

    def find(self, function: str, code: Any, config: Any) -> Pool | None:
        """Return the pool of a function if it is of this very code and entry; else it is to be renewed."""
        self._idle.sweep()
        known = self._pools.get(function)
        return known[2] if known is not None and known[0] is code and known[1] is config else None

    def renew(self, function: str, code: Any, config: Any, make: Callable[[], Any], begin: Begin) -> Pool:
        """Return a new pool, which takes the place of the one before; see `Pool`."""
        pool = Pool(function, Sizes.of(_field(config, "pool")), make, begin, self._idle)
        old = self._pools.get(function)
        self._pools[function] = (code, config, pool)
        if old is not None:
            pool.succeed(old[2])
        return pool

    def close(self) -> None:
        """Close all pools and forget them."""
        while self._pools:
            self._pools.popitem()[1][2].close()


def _field(config: Any, name: str) -> Any:
    return config.get(name) if isinstance(config, Mapping) else getattr(config, name, None)


class _Waiting:
    """A call that waits for its turn."""

    __slots__ = ("_line", "_stop", "reply", "request")

    def __init__(self, line: OrderedDict[_Waiting, None], request: CallRequest, reply: Reply) -> None:
        self._line = line
        self._stop: GiveUp | None = None
        self.request = request
        self.reply = reply

    def move(self, line: OrderedDict[_Waiting, None]) -> None:
        self._line = line
        line[self] = None

    def started(self, stop: GiveUp) -> None:
        self._stop = stop

    def give_up(self) -> None:
        if self._stop is None:
            self._line.pop(self, None)
            if self.request.late:
                self.reply(Outcome(failure=Failure("operation canceled", CANCELED, retryable=False)))
        else:
            self._stop()
