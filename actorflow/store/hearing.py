"""Hearing of the writes of others by looking, where a database tells nobody: one number, asked for with back-off.

Most often nothing has happened. So what is asked is as cheap as can be (one row by its key, or a counter in shared
memory), soon after something has happened, and less and less often while nothing does.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Collection
from pathlib import Path
from threading import Event, Lock
from typing import Any, Final

from actorflow.store import fault

SHORTEST: Final = 0.02
LONGEST: Final = 0.25
"""Seconds between two looks: doubled while nothing happens."""
_ALARMED: Final = 0.1
"""Seconds after others have written until it is looked again: they may write all the time."""
_BUSY: Final = 1.0
"""Seconds between two alarms of a counter that does not say whose writes it counts, while we write ourselves."""
_REST: Final = 0.2
"""Seconds for which we have written nothing when it is asked whose the last writes were: our next one finds it out."""
_PATIENCE: Final = 0.5
"""Seconds that who closes a listener waits for an answer of its database that is under way."""


class PollingListener:
    """A listener (`telling.Listener`) that compares a number."""

    def __init__(self, ask: Callable[[], object], close: Callable[[], None]) -> None:
        """Compare what `ask` returns: it changes when others have written; `close` lets go of it."""
        self._ask = ask
        self._let_go = close
        self._busy = Lock()
        self._seen: object = None
        self._pause = SHORTEST
        self._rest = 0.0
        self._closed = Event()

    def wait(self, seconds: float) -> Collection[int] | None:
        """Wait until others have written, and return None; nothing (an empty list) when they have not."""
        try:
            with self._busy:
                return self._heard(seconds)
        finally:
            if self._closed.is_set():
                self.close()

    def _heard(self, seconds: float) -> Collection[int] | None:
        try:
            return self._wait(seconds)
        except BaseException:
            self._seen = None
            self._let_go()
            raise

    def _wait(self, seconds: float) -> Collection[int] | None:
        end = time.monotonic() + seconds
        self._closed.wait(min(self._rest, seconds))
        self._rest = 0.0
        while not self._closed.is_set():
            if (now := self._ask()) != self._seen:
                self._seen, self._pause, self._rest = now, SHORTEST, _ALARMED
                return None
            if time.monotonic() + self._pause > end:
                break
            self._closed.wait(self._pause)
            self._pause = min(2 * self._pause, LONGEST)
        return []

    def close(self) -> None:
        """Let go of the connection: at once, or when the `wait` under way ends if the database does not answer now."""
        self._closed.set()
        if self._busy.acquire(timeout=_PATIENCE):
            try:
                self._let_go()
            finally:
                self._busy.release()


class FileCounter:
    """Tells whether other processes have written to an SQLite file, on a connection of its own."""

    def __init__(self, path: Path, written: Callable[[], int], found: Callable[[], int]) -> None:
        """Look at the file `path`.

        `written` says how many transactions this process has begun to commit itself, `found` how often these have found
        that somebody else had written before them.
        """
        self._path = path
        self._written = written
        self._found = found
        self._open: sqlite3.Connection | None = None
        self._own = 0
        self._foreign = 0
        self._unsure = False
        self._version = 0
        self._alarms = 0
        self._last = self._since = 0.0

    def ask(self) -> object:
        """Return what changes when others have written: once the own commits behind have found it, or there are none.

        When both have written and then nobody has for a while, it may change without need, at most once a second.

        Raises:
            Error: when the file cannot be read.
        """
        try:
            if self._open is None:
                self._open = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
                self._open.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # from here on it sees the log
            foreign, own = self._found(), self._written()
            version = self._open.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error as error:
            raise fault.explain(error, str(self._path)) or error from error
        rests, has_changed = own == self._own and own == self._written(), version != self._version
        now = time.monotonic()
        if not rests:
            self._since = now
        is_due = self._unsure and rests and now > max(self._last + _BUSY, self._since + _REST)
        if foreign != self._foreign or (has_changed and rests) or is_due:
            self._alarms, self._last, self._unsure = self._alarms + 1, now, False
        elif has_changed:
            self._unsure = True  # they were our own, as far as is known
        self._version, self._own, self._foreign = version, own, foreign
        return self._alarms

    def close(self) -> None:
        """Let go of the connection."""
        connection, self._open = self._open, None
        if connection is not None:
            connection.close()


class ServerCounter:
    """Tells whether other connections have written to a server: it counts commits, all and those of each writer."""

    def __init__(self, connect: Callable[[], Any], sql: str, mine: Callable[[], str]) -> None:
        """Ask `sql`, with the writer that `mine` names, for how many commits are not its own."""
        self._connect = connect
        self._sql = sql
        self._mine = mine
        self._open: Any = None

    def ask(self) -> object:
        """Return how many commits are of others; raises what the driver does."""
        if self._open is None:
            self._open = self._connect()
        return self._open.execute(self._sql, (self._mine(),)).fetchone()[0]

    def close(self) -> None:
        """Let go of the connection."""
        connection, self._open = self._open, None
        if connection is not None:
            connection.close()
