"""NOTIFY and LISTEN: which runs a commit has written for other nodes, told by PostgreSQL once it is committed.

A notification is a part of the transaction: it is neither early nor of one that was undone. Each names who has sent it,
so that nobody listens to himself, and the runs; without any it says only that there is something to look at.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from threading import Lock
from typing import Any, Final

import psycopg

from actorflow.errors import Error, unavailable

TELL: Final = "SELECT pg_notify('actorflow_' || md5(current_schema()), %s)"
AWAIT: Final = "SELECT pg_notify('actorflow_await_' || md5(current_schema()), %s)"
"""Asks for the end of a run, on a channel of its own: earlier releases listen to the other one alone."""
_CHANNELS: Final = "SELECT 'actorflow_' || md5(current_schema()), 'actorflow_await_' || md5(current_schema())"
_AWAITED: Final = 10_000
"""Runs that are remembered because others wait for their ends."""
_MOST: Final = 7000
"""Characters of one notification; PostgreSQL takes fewer than 8000."""
_NOTICES: Final = 8
"""Notifications of one commit above which it only says that there is something."""
_SLICE: Final = 0.5
"""Seconds after which a wait looks whether it is to end."""


def notices(origin: str, runs: Sequence[int]) -> list[str]:
    """Return the texts that tell of runs, or the one that says to look when there are none, or too many."""
    texts, text = [], ""
    for run in runs:
        if len(text) > _MOST:
            texts.append(text)
            text = ""
        text = f"{text},{run}" if text else str(run)
    texts.append(text)
    return [f"{origin}:{text}" for text in texts] if len(texts) <= _NOTICES else [f"{origin}:"]


def heard(origin: str, texts: Sequence[str]) -> Collection[int] | None:
    """Return the runs that others tell of, None when one of them only says to look, or what is not known here."""
    runs: dict[int, None] = {}
    for text in texts:
        sender, _, listed = text.partition(":")
        if sender == origin:
            continue
        try:
            runs.update(dict.fromkeys(map(int, listed.split(","))))
        except ValueError:
            return None
    return list(runs)


class Awaited:
    """Runs for whose ends others wait: the last ones that were asked for. One thread adds, another asks."""

    def __init__(self) -> None:
        """Know of none."""
        self._runs: dict[int, None] = {}

    def add(self, run: int) -> None:
        """Take that somebody waits for a run."""
        self._runs[run] = None
        if len(self._runs) > _AWAITED:
            del self._runs[next(iter(self._runs))]

    def of(self, runs: Collection[int]) -> list[int]:
        """Return those of some runs that are waited for, in order."""
        return sorted(run for run in runs if run in self._runs) if self._runs else []


class PostgresListener:
    """A listener (`telling.Listener`) on a connection of its own, which it opens again when it is lost."""

    def __init__(
        self, place: str, connect: Callable[[], psycopg.Connection[Any]], origin: str, awaited: Awaited
    ) -> None:
        """Listen on a connection that `connect` opens to the server `place`, to all but `origin`.

        `awaited` gets the runs whose ends others ask for.
        """
        self._place = place
        self._connect = connect
        self._origin = origin
        self._awaited = awaited
        self._news = ""
        self._open: psycopg.Connection[Any] | None = None
        self._busy = Lock()
        self._closed = False

    def wait(self, seconds: float) -> Collection[int] | None:
        """Wait for what others tell; see `telling.Listener`."""
        try:
            with self._busy:
                return self._heard(time.monotonic() + seconds)
        finally:
            if self._closed:
                self.close()

    def _heard(self, end: float) -> Collection[int] | None:
        try:
            return self._wait(end)
        except psycopg.Error as error:
            self._let_go()
            raise unavailable(f"{self._place}: nothing is heard of the writes of others ({error})") from error
        except Error:
            self._let_go()
            raise

    def _wait(self, end: float) -> Collection[int] | None:
        if self._open is None:
            self._open = self._connect()
            channels = self._open.execute(_CHANNELS).fetchone()
            assert channels is not None  # noqa: S101 - it is one row
            for channel in channels:
                self._open.execute(f'LISTEN "{channel}"'.encode())
            self._news = channels[0]
            return None
        while not self._closed:
            texts = []
            for notice in self._notices(end):
                if notice.channel == self._news:
                    texts.append(notice.payload)
                else:
                    with suppress(ValueError):  # whoever may connect may say anything here
                        self._awaited.add(int(notice.payload))
            runs = heard(self._origin, texts)
            if runs is None or runs or time.monotonic() >= end:
                return runs
        return []

    def _notices(self, end: float) -> Iterator[psycopg.Notify]:
        """Yield what has come, waiting for the first a while."""
        assert self._open is not None  # noqa: S101 - as its caller has seen to
        pause = max(0.0, min(_SLICE, end - time.monotonic()))
        yield from self._open.notifies(timeout=pause, stop_after=1)
        yield from self._open.notifies(timeout=0)

    def _let_go(self) -> None:
        connection, self._open = self._open, None
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()

    def close(self) -> None:
        """Let go of the connection, at once or as soon as the `wait` that is under way has noticed."""
        self._closed = True
        if self._busy.acquire(blocking=False):
            try:
                self._let_go()
            finally:
                self._busy.release()
