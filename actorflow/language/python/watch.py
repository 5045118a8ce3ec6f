"""The watch: what a thread that resumes scripts and the watchdog agree on, so that a shot hits the right resume only.

`Runaway` is delivered in the resuming thread a little later than it is asked for. So both sides speak before they
look, as in Dekker's mutual exclusion: the watchdog says what it shoots at before it looks whether that still runs, the
resuming thread says that the resume has ended before it looks whether it was shot at. Whoever comes second sees the
other, and the resuming thread takes back what is in flight before it goes on. After a resume has ended at most two
shots arrive: one that the interpreter has not delivered yet, and one that the watchdog was about to ask for.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, Protocol

from actorflow.duration import MILLISECOND


class SliceLimits(NamedTuple):
    """How long a script may compute between two ops, in nanoseconds: noticed at `warn`, stopped at `kill`."""

    warn: int = 10 * MILLISECOND
    kill: int = 250 * MILLISECOND


class Runaway(BaseException):
    """Raised in a script that computed beyond its limit."""


class Abandoned(BaseException):
    """Raised in a script when the engine has given its process up."""


class Watched(Protocol):
    """What runs under a watch."""

    @property
    def limits(self) -> SliceLimits:
        """How long it may run."""
        ...

    @property
    def progress(self) -> int:
        """A number that changes when it gets on, for instance has sent a message: it counts anew from there."""
        ...


class Watch:
    """The watch of one thread, the one that made it; only `fire` and `mark` are called by others.

    A resume is known by the function that it calls, an object made anew for each.

    Attributes:
        thread: the identity of the thread.
        watched: what was resumed last. running: the resume, None once it has ended. Set in this order.
        shielded: the script has called into the engine, which must not be interrupted.
        marked: a resume that has to be looked at when it ends, or None. shot: the last one that was shot at, or None.
        asleep: nobody looks: call `wake` when something runs. since: when the watchdog first saw the marked resume.
        fault: what the engine raised in the marked resume, or None.
    """

    __slots__ = (
        "_lock",
        "asleep",
        "fault",
        "marked",
        "running",
        "shielded",
        "shot",
        "since",
        "thread",
        "wake",
        "watched",
    )

    def __init__(self, wake: Callable[[], None]) -> None:
        """Make the watch of the calling thread."""
        self.thread = threading.get_ident()
        self.watched: Watched | None = None
        self.running: Callable[..., Any] | None = None
        self.marked: Callable[..., Any] | None = None
        self.shot: Callable[..., Any] | None = None
        self.fault: Exception | None = None
        self.since = 0
        self.shielded = False
        self.asleep = True
        self.wake = wake
        self._lock = threading.Lock()

    def fire(self, resume: Callable[..., Any] | None) -> bool:
        """Stop this resume if it still runs; while it is in the engine, it stops when that returns."""
        if resume is None:
            return False
        with self._lock:
            before = self.marked, self.shot
            self.marked = self.shot = resume
            if self.running is not resume:
                self.marked, self.shot = before
                return False
            if not self.shielded:
                _raise_in(self.thread, Runaway)
            return True

    def mark(self, resume: Callable[..., Any]) -> None:
        """Have this resume looked at when it ends."""
        with self._lock:
            before, self.marked = self.marked, resume
            if self.running is not resume:
                self.marked = before

    def unmark(self, resume: Callable[..., Any]) -> bool:
        """Take back what is in flight after the end of this resume; tell whether it was shot at.

        A `Runaway` on its way may come out of this instead; then it has to be called again, at most twice.
        """
        while True:
            try:
                with self._lock:
                    hit = self.shot is resume
                    if hit:
                        _raise_in(self.thread, None)
                    self.marked = None
            except Runaway:
                continue
            return hit

    def settle(self, resume: Callable[..., Any]) -> None:
        """Take back what is in flight, once a `Runaway` has come out of a resume after its end."""
        try:
            self.unmark(resume)
        except Runaway:
            self.unmark(resume)

    def call(self, watched: Watched, function: Callable[..., Any], *args: Any) -> Any:
        """Return what the function returns, under watch like a resume; may be called within another one.

        Raises:
            Runaway: when it ran beyond its limit, after nothing is in flight any more.
        """
        outer = self.watched, self.running
        resume = partial(function, *args)
        try:
            try:
                self.watched = watched
                self.running = resume
                if self.asleep:
                    self.wake()
                answer = resume()
                self.running = None
            except BaseException:
                self.running = None
                if self.marked is not None and self.unmark(resume):
                    raise Runaway from None
                raise
            if self.marked is not None and self.unmark(resume):
                raise Runaway  # noqa: TRY301 - one shot more may be on its way here
        except Runaway:
            self.running = None
            self.settle(resume)
            raise
        finally:
            self.watched, self.running = outer
        return answer

    def check(self) -> None:
        """Do nothing if what runs may go on; called on the way into the engine, shielded, and on the way out of it.

        Raises:
            Runaway: when it was shot at.
            Abandoned: when the engine has given its process up.
        """
        if self.fault is not None:
            raise Abandoned
        if self.running is not None and self.shot is self.running:
            with self._lock:
                _raise_in(self.thread, None)
            raise Runaway


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error) if error else None)
