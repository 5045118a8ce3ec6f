"""The watchdog: tells of scripts that compute long between two ops, and stops those that go on.

A thread looks every few milliseconds whether the same resume is still running. Beyond the limit it shoots: see `Watch`
for how that hits nothing else. A script that swallows the shot is shot at again, at last at each of its steps.
"""

from __future__ import annotations

import sys
import threading
import time
import weakref
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from time import monotonic_ns
from typing import Any, Final

from actorflow.duration import MILLISECOND
from actorflow.language.python.watch import Watch

TICK: Final = 0.005
"""Seconds between two looks."""
_RESTLESS: Final = 1
"""Looks in a row that see nothing run, after which one more has the watchdog rest until it is woken.

To be woken costs what a look does: so a node whose scripts run now and then has a few looks for each, and no more
than one every `TICK` whatever it does.
"""
_STUBBORN: Final = 3
"""Shots that a script may swallow before it gets salvos."""
_SALVO: Final = 20 * MILLISECOND
_SICK: Final = 25
"""Shots and salvos that a script may survive before the node counts as sick."""
_EAGER: Final = 1e-6
"""Seconds after which threads change during a salvo: so a shot is there at each step of the script."""
_SALVOS: Final = threading.Lock()
"""One salvo at a time in this interpreter, for all have one switch interval, and each gives back what it found."""


class Watchdog:
    """Watches the threads of one node that resume scripts. Its own thread ends when it is forgotten."""

    def __init__(self, sick: Callable[[], None]) -> None:
        """Make a watchdog; `sick` is called, in its thread, when a script cannot be stopped."""
        self._sick = sick
        self._own = threading.local()
        self._states: dict[int, _State] = {}
        # not an Event: a shot in the wrong place leaves its lock taken for ever, and a finalizer, which may run in the
        # middle of anything, would wait for that; a put is one step and waits for nothing
        self._wake: SimpleQueue[None] = SimpleQueue()
        weakref.finalize(self, self._wake.put, None).atexit = False

    def here(self) -> Watch:
        """Return the watch of the calling thread; from now on it is looked after."""
        watch: Watch | None = getattr(self._own, "watch", None)
        if watch is None:
            if not self._states:
                looking = threading.Thread(
                    target=_look_for_ever, args=(weakref.ref(self), self._wake), name="script-watchdog", daemon=True
                )
                looking.start()
            watch = self._own.watch = Watch(self.wake)
            self._states[watch.thread] = _State(watch, _clock_of(watch.thread))  # in the place of a thread long gone
        return watch

    def wake(self) -> None:
        """End the rest, first of all, so that a shot in the middle of this takes back nothing."""
        self._wake.put(None)
        for state in list(self._states.values()):
            state.watch.asleep = False

    def look(self) -> bool:
        """Look once; tell whether anything has run since the last look."""
        ran = False
        for state in list(self._states.values()):
            ran = self._seen(state) or ran
        return ran

    def rest(self) -> bool:
        """Begin to rest, unless something runs again: then return False."""
        _drain(self._wake)
        for state in list(self._states.values()):
            state.watch.asleep = True
        if any(state.watch.running is not None for state in list(self._states.values())):
            self.wake()
            return False
        return True

    def _seen(self, state: _State) -> bool:
        watch = state.watch
        resume, watched = watch.running, watch.watched
        if resume is None or watched is None:
            state.seen = None
            return False
        now, progress = state.clock(), watched.progress
        if resume is not state.seen or progress != state.progress:
            state.seen, state.progress = resume, progress
            state.since, state.began, state.shots = now, monotonic_ns(), 0
            return True
        took = now - state.since
        if took > watched.limits.warn and watch.marked is not resume:
            watch.since = state.began
            watch.mark(resume)
        if took > watched.limits.kill:
            self._shoot(state, resume)
        return True

    def _shoot(self, state: _State, resume: Callable[..., Any]) -> None:
        state.shots += 1
        if state.shots <= _STUBBORN:
            state.watch.fire(resume)
            return
        _salvo(state.watch, resume)
        if state.shots == _SICK:
            self._sick()


class _State:
    """What the watchdog knows of one watch: the resume it saw last, how far, since when, how often it shot at it.

    `since` is on the clock of what the thread computes, `began` on the monotonic one.
    """

    __slots__ = ("began", "clock", "progress", "seen", "shots", "since", "watch")

    def __init__(self, watch: Watch, clock: Callable[[], int]) -> None:
        self.watch = watch
        self.clock = clock
        self.seen: Callable[..., Any] | None = None
        self.since = self.shots = self.began = self.progress = 0


def _clock_of(thread: int) -> Callable[[], int]:
    """Return a clock of what a thread computes, in nanoseconds: a stalled machine is nobody's fault.

    Where the platform has none it is a clock of the time that passes.
    """
    if not hasattr(time, "pthread_getcpuclockid"):
        return time.monotonic_ns
    return partial(_computed, time.pthread_getcpuclockid(thread))


def _computed(clock: int) -> int:
    try:
        return time.clock_gettime_ns(clock)
    except OSError:  # the thread has ended: it computes nothing
        return 0


def _salvo(watch: Watch, resume: Callable[..., Any]) -> None:
    with _SALVOS:
        until = monotonic_ns() + _SALVO
        before = sys.getswitchinterval()
        sys.setswitchinterval(_EAGER)
        try:
            while watch.fire(resume) and monotonic_ns() < until:
                pass
        finally:
            sys.setswitchinterval(before)


def _drain(wake: SimpleQueue[None]) -> None:
    while not wake.empty():
        wake.get()


def _look_for_ever(ref: weakref.ref[Watchdog], wake: SimpleQueue[None]) -> None:
    idle = 0
    while True:
        watchdog = ref()
        if watchdog is None:
            return
        idle = 0 if watchdog.look() else idle + 1
        resting = idle > _RESTLESS and watchdog.rest()
        del watchdog
        if resting:
            wake.get()
            idle = 0
        _drain(wake)
        time.sleep(TICK)  # also after a rest: what has just begun is looked at no earlier than anything else
