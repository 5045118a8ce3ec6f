"""The watchdog: stops a script that computes too long between two ops.

A thread looks every few milliseconds whether the same resume is still running. Beyond the limit it has the
interpreter raise `Runaway` in the node's thread. Such an exception is delivered a little later than it is asked for,
so both sides agree first, as in Dekker's mutual exclusion: the watchdog says `firing` before it looks whether the
resume still runs, the node says that the resume has ended before it looks for `firing`. Whoever comes second sees the
other, and the node takes back what it finds in flight before it goes on.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable
from typing import Final

from actorflow.duration import MILLISECOND

WARN: Final = 10 * MILLISECOND
KILL: Final = 250 * MILLISECOND
_TICK: Final = 0.005
_SICK_AFTER: Final = 20
"""Shots at one resume after which the node counts as sick: the script swallows each of them."""


class Runaway(BaseException):
    """Raised in a script that computed beyond its limit."""


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error) if error else None)


class Watchdog:
    """Watches one node's thread.

    Attributes:
        running: number of the resume that runs now, 0 when none does. Set by the node around each resume.
        firing: number of the resume that is being shot at, 0 when none is.
        kill, warn: limits of the running resume in nanoseconds.
    """

    def __init__(self, warned: Callable[[int], None], sick: Callable[[], None]) -> None:
        """Make a watchdog; its thread starts with the first resume. `warned` gets the nanoseconds a resume took."""
        self.running = 0
        self.firing = 0
        self.kill = KILL
        self.count = 0
        self._warned = warned
        self._sick = sick
        self._thread = 0
        self._lock = threading.Lock()
        self._watcher: threading.Thread | None = None

    def absorb(self) -> None:
        """Wait until the watchdog has done what it was doing, then take back what is not delivered yet."""
        while True:
            try:
                self.running = 0
                with self._lock:
                    _raise_in(self._thread, None)
                self.firing = 0
            except Runaway:
                continue
            else:
                return

    def start(self) -> None:
        """Begin to watch the calling thread; a second start is nothing."""
        if self._watcher is not None:
            return
        self._thread = threading.get_ident()
        self._watcher = threading.Thread(target=self._watch, name="script-watchdog", daemon=True)
        self._watcher.start()

    def _watch(self) -> None:
        seen, since, shots = 0, 0, 0
        while True:
            time.sleep(_TICK)
            number = self.running
            if not number or number != seen:
                seen, since, shots = number, time.monotonic_ns(), 0
                continue
            if time.monotonic_ns() - since > self.kill and self.fire(number):
                shots += 1
                if shots == _SICK_AFTER:
                    self._sick()

    def fire(self, number: int) -> bool:
        """Stop the resume of this number if it still runs; called in another thread."""
        with self._lock:
            self.firing = number
            if self.running != number:
                self.firing = 0
                return False
            _raise_in(self._thread, Runaway)
            return True
