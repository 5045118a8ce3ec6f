"""The watch: what a thread that resumes scripts and the watchdog agree on, so that a shot hits the right resume only.

`Runaway` is delivered in the resuming thread a little later than it is asked for. So both sides speak before they
look, as in Dekker's mutual exclusion: the watchdog says whom it shoots at before it looks whether that still runs, the
resuming thread says that the resume has ended before it looks whether it was shot at. Whoever comes second sees the
other, and the resuming thread takes back what is in flight before it goes on. After a resume has ended at most two
shots arrive: one that the interpreter has not delivered yet, and one that the watchdog was about to ask for.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from actorflow.duration import MILLISECOND


class SliceLimits(NamedTuple):
    """How long a script may compute between two ops, in nanoseconds: noticed at `warn`, stopped at `kill`."""

    warn: int = 10 * MILLISECOND
    kill: int = 250 * MILLISECOND


class Runaway(BaseException):
    """Raised in a script that computed beyond its limit."""


class Watched(Protocol):
    """What runs under a watch."""

    @property
    def limits(self) -> SliceLimits:
        """How long it may run."""
        ...


class Watch:
    """The watch of one thread, the one that made it; only `fire` and `mark` are called by others.

    Attributes:
        thread: the identity of the thread.
        count: number of the latest resume. running: what it runs, None once it has ended. Set in this order.
        shielded: the script has called into the engine, which must not be interrupted.
        marked: number of a resume that has to be looked at when it ends, or 0. shot: number of the last one shot at.
        asleep: nobody looks: call `wake` when something runs. since: when the watchdog first saw the marked resume.
    """

    __slots__ = ("_lock", "asleep", "count", "marked", "running", "shielded", "shot", "since", "thread", "wake")

    def __init__(self, wake: Callable[[], None]) -> None:
        """Make the watch of the calling thread."""
        self.thread = threading.get_ident()
        self.count = self.marked = self.since = 0
        self.shot = -1
        self.running: Watched | None = None
        self.shielded = False
        self.asleep = True
        self.wake = wake
        self._lock = threading.Lock()

    def fire(self, number: int) -> bool:
        """Stop the resume of this number if it still runs; while it is in the engine, it stops when that returns."""
        with self._lock:
            before = self.marked, self.shot
            self.marked = self.shot = number
            if not self._runs(number):
                self.marked, self.shot = before
                return False
            if not self.shielded:
                _raise_in(self.thread, Runaway)
            return True

    def mark(self, number: int) -> None:
        """Have the resume of this number looked at when it ends."""
        with self._lock:
            before, self.marked = self.marked, number
            if not self._runs(number):
                self.marked = before

    def _runs(self, number: int) -> bool:
        return self.running is not None and self.count == number

    def unmark(self) -> bool:
        """Take back what is in flight after the end of a resume; tell whether it was shot at.

        A `Runaway` on its way may come out of this instead; then it has to be called again, at most twice.
        """
        while True:
            try:
                with self._lock:
                    if self.shot == self.count:
                        _raise_in(self.thread, None)
                    self.marked = 0
            except Runaway:
                continue
            return self.shot == self.count

    def call(self, watched: Watched, function: Callable[..., Any], *args: Any) -> Any:
        """Return what the function returns, under watch like a resume; may be called within another one.

        Raises:
            Runaway: when it ran beyond its limit, after nothing is in flight any more.
        """
        outer = self.running
        try:
            try:
                self.count += 1
                self.running = watched
                if self.asleep:
                    self.wake()
                answer = function(*args)
                self.running = None
            except BaseException:
                self.running = None
                if self.marked and self.unmark():
                    raise Runaway from None
                raise
            if self.marked and self.unmark():
                raise Runaway  # noqa: TRY301 - one shot more may be on its way here
        except Runaway:
            self.running = None
            self.settle()
            raise
        finally:
            self.running = outer
        return answer

    def settle(self) -> None:
        """Take back what is in flight, once a `Runaway` has come out of a resume that has ended."""
        try:
            self.unmark()
        except Runaway:
            self.unmark()

    def check(self) -> None:
        """Do nothing if what runs may go on; called on the way into the engine, shielded, and on the way out of it.

        Raises:
            Runaway: when it was shot at.
        """
        if self.running is not None and self.shot == self.count:
            with self._lock:
                _raise_in(self.thread, None)
            raise Runaway


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error) if error else None)
