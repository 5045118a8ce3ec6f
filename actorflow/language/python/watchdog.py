"""The watchdog: tells of scripts that compute long between two ops, and stops those that go on.

A thread looks every few milliseconds whether the same resume is still running. Beyond the limit it shoots: see `Watch`
for how that hits nothing else. A script that swallows the shot is shot at again, at last at each of its steps.
"""

from __future__ import annotations

import sys
import threading
import weakref
from collections.abc import Callable
from time import monotonic_ns
from typing import Final

from actorflow.duration import MILLISECOND
from actorflow.language.python.watch import Watch

TICK: Final = 0.005
"""Seconds between two looks."""
_RESTLESS: Final = 200
"""Looks in a row that see nothing run, after which the watchdog rests until it is woken."""
_STUBBORN: Final = 3
"""Shots that a script may swallow before it gets salvos."""
_SALVO: Final = 20 * MILLISECOND
_SICK: Final = 25
"""Shots and salvos that a script may survive before the node counts as sick."""
_EAGER: Final = 1e-6
"""Seconds after which threads change during a salvo: so a shot is there at each step of the script."""


class Watchdog:
    """Watches the threads of one node that resume scripts. Its own thread ends when it is forgotten."""

    def __init__(self, sick: Callable[[], None]) -> None:
        """Make a watchdog; `sick` is called, in its thread, when a script cannot be stopped."""
        self._sick = sick
        self._states: dict[int, _State] = {}
        self._wake = threading.Event()
        weakref.finalize(self, self._wake.set).atexit = False

    def here(self) -> Watch:
        """Return the watch of the calling thread; from now on it is looked after."""
        thread = threading.get_ident()
        state = self._states.get(thread)
        if state is None:
            if not self._states:
                looking = threading.Thread(
                    target=_look_for_ever, args=(weakref.ref(self), self._wake), name="script-watchdog", daemon=True
                )
                looking.start()
            state = self._states[thread] = _State(Watch(self.wake))
        return state.watch

    def wake(self) -> None:
        """End the rest."""
        for state in list(self._states.values()):
            state.watch.asleep = False
        self._wake.set()

    def look(self) -> bool:
        """Look once; tell whether anything has run since the last look."""
        ran = False
        for state in list(self._states.values()):
            ran = self._seen(state, monotonic_ns()) or ran
        return ran

    def rest(self) -> bool:
        """Begin to rest, unless something runs again: then return False."""
        self._wake.clear()
        for state in list(self._states.values()):
            state.watch.asleep = True
        if any(state.ran() for state in list(self._states.values())):
            self.wake()
            return False
        return True

    def _seen(self, state: _State, now: int) -> bool:
        watch = state.watch
        if state.ran():
            state.seen, state.since, state.shots = watch.count, now, 0
            return True
        running = watch.running
        if running is None:
            return False
        took = now - state.since
        if took > running.limits.warn and watch.marked != state.seen:
            watch.since = state.since
            watch.mark(state.seen)
        if took > running.limits.kill:
            self._shoot(state)
        return True

    def _shoot(self, state: _State) -> None:
        state.shots += 1
        if state.shots <= _STUBBORN:
            state.watch.fire(state.seen)
            return
        _salvo(state.watch, state.seen)
        if state.shots == _SICK:
            self._sick()


class _State:
    """What the watchdog knows of one watch: the resume it saw last, since when, and how often it shot at it."""

    __slots__ = ("seen", "shots", "since", "watch")

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.seen = self.since = self.shots = 0

    def ran(self) -> bool:
        return self.watch.count != self.seen


def _salvo(watch: Watch, number: int) -> None:
    until = monotonic_ns() + _SALVO
    before = sys.getswitchinterval()
    sys.setswitchinterval(_EAGER)
    try:
        while watch.fire(number) and monotonic_ns() < until:
            pass
    finally:
        sys.setswitchinterval(before)


def _look_for_ever(ref: weakref.ref[Watchdog], wake: threading.Event) -> None:
    idle = 0
    while True:
        watchdog = ref()
        if watchdog is None:
            return
        idle = 0 if watchdog.look() else idle + 1
        resting = idle > _RESTLESS and watchdog.rest()
        del watchdog
        if wake.wait(None if resting else TICK):
            wake.clear()
            idle = 0
