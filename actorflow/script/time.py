"""Time: the process's own clock, sleeping, and timers as channels.

A duration is a number of seconds, a `timedelta`, or text such as `"250ms"`, `"1h30m"`, `"2 days"`. On a durable host
the clock is the recorded one and every wait survives a restart.
"""

from __future__ import annotations

import types
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from actorflow.duration import SECOND, to_nanoseconds
from actorflow.errors import invalid
from actorflow.machine import timing
from actorflow.machine.op import Op
from actorflow.module.zone import zone
from actorflow.script import source
from actorflow.script.channel import Channel
from actorflow.script.current import ask
from actorflow.value import Opaque

Duration: TypeAlias = str | float | timedelta

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def nanoseconds(duration: Duration) -> int:
    """Return a duration as nanoseconds; a bare number is seconds.

    Raises:
        Error: kind Invalid, when it is no duration.
    """
    return to_nanoseconds(duration, SECOND)


def moment(unix_nanoseconds: int) -> datetime:
    """Return Unix nanoseconds as an aware UTC `datetime`, cut to microseconds."""
    return _EPOCH + timedelta(microseconds=unix_nanoseconds // 1000)


def parse_duration(duration: Duration) -> timedelta:
    """Return a duration as a `timedelta`, cut to microseconds.

    Raises:
        Error: kind Invalid, when it is no duration.
    """
    return timedelta(microseconds=nanoseconds(duration) // 1000)


def load_location(name: str) -> ZoneInfo:
    """Return a time zone of the IANA database, for `astimezone`.

    Raises:
        Error: kind Invalid for an empty name, NotFound when there is no such zone.
    """
    if not isinstance(name, str) or not name:
        raise invalid(f"time.load_location: got {name!r:.80}, expected the name of a zone such as 'Europe/Berlin'")
    return zone(name)


def now() -> datetime:
    """Return the time of this process in UTC; on a durable host it stands still between two waits.

    In a function it is the time of the machine. Raises `Error` Invalid outside of both.
    """
    return moment(now_ns())


def now_ns() -> int:
    """Return the time of this process, or in a function that of the machine, in Unix nanoseconds."""
    return source.now()


@types.coroutine
def sleep(duration: Duration) -> Generator[tuple[Any, ...], Any, None]:
    """Wait; zero and less return at once.

    Raises:
        Error: kind Invalid, when it is no duration.
    """
    yield (Op.SLEEP, nanoseconds(duration))


def after(duration: Duration) -> Channel[datetime]:
    """Return a channel that gets the time once, when the duration is over.

    Raises:
        Error: kind Invalid, when it is no duration or not greater than 0.
    """
    return Channel(ask((Op.AFTER, nanoseconds(duration))), moment)


class Timer(Opaque):
    """A running timer; `channel` gets the time: once, or at every tick. It can stand in a `select`."""

    __slots__ = ("_timer", "channel")

    def __init__(self, started: timing.Timer) -> None:
        self._timer = started
        self.channel = Channel(started.channel, moment)

    def response(self) -> Channel[datetime]:
        """Return the channel that gets the time; always the same one."""
        return self.channel

    def stop(self) -> bool:
        """Stop it; tell whether it was running."""
        return bool(ask((Op.TIMER_STOP, self._timer)))

    def reset(self, duration: Duration) -> bool:
        """Start it anew with another duration; tell whether it was running."""
        return bool(ask((Op.TIMER_RESET, self._timer, nanoseconds(duration))))

    def __aiter__(self) -> Channel[datetime]:
        return self.channel


def timer(duration: Duration) -> Timer:
    """Start a timer that fires once.

    Raises:
        Error: kind Invalid, when it is no duration or not greater than 0.
    """
    return Timer(ask((Op.TIMER, nanoseconds(duration))))


def ticker(duration: Duration) -> Timer:
    """Start a timer that fires again and again; ticks that nobody takes in time are dropped.

    Raises:
        Error: kind Invalid, when it is no duration or not greater than 0.
    """
    return Timer(ask((Op.TICKER, nanoseconds(duration))))
