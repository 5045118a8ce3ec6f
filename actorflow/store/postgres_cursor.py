"""The cursor of a PostgreSQL's writer: statements go to the server together, with the next whose answer is asked for.

A thread that waits for an answer gives up Python's lock, and gets it back milliseconds later when the node is busy. So
a commit that waits for each of its statements takes as many times as long as one that sends them at once, and all
nodes wait meanwhile, for it holds the turnstile. A plain commit is two flights: BEGIN, the turn and what a batch is
known to look up; then all rows with the COMMIT. (libpq's pipeline mode: the server does what is in a flight in order,
and nothing after a statement that has failed.)
"""

from __future__ import annotations

import re
import select
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from struct import pack
from typing import Any, Final, NamedTuple, Self, TypeAlias

import psycopg
from psycopg import pq
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result

from actorflow.store.postgres_array import Blobs, Numbers, Texts, numbers, texts

_MOST: Final = 500
"""Statements that wait to be sent."""
_TEXT: Final = 25
_BYTES: Final = 17
_NUMBER: Final = 20
_READY: Final[dict[type, int]] = {Numbers: 1016, Texts: 1009, Blobs: 1001, bytes: _BYTES}
"""What is in the binary format as it is, and the types of that."""
_PLACES: Final = re.compile(r"%([sb%])")
_FINE: Final = (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK)
UNPREPARED: Final = "26000"
"""What the server says of a statement that it has forgotten."""
_Key: TypeAlias = tuple[str, tuple[int, ...]]


class Ask(NamedTuple):
    """A statement, the types of its values, and these in the binary format."""

    text: str
    kinds: tuple[int, ...]
    values: list[bytes | None]


def ask(text: str, values: Sequence[Any]) -> Ask:
    """Return a statement as it is sent.

    Raises:
        TypeError: when a value is of a kind that no statement of the store has.
        struct.error: when a number has more than 64 bits. UnicodeEncodeError: when a text has half a character.
    """
    made = [_packed(value) for value in values]
    return Ask(text, tuple(kind for kind, _ in made), [data for _, data in made])


def _packed(value: Any) -> tuple[int, bytes | None]:
    if (kind := _READY.get(type(value))) is not None:
        return kind, value
    if isinstance(value, int):
        return _NUMBER, pack(">q", value)
    if isinstance(value, str):
        return _TEXT, value.encode()
    if isinstance(value, list):
        made = texts(value) if value and isinstance(value[0], str) else numbers(value)
        return _READY[type(made)], made
    if value is None:
        return 0, None
    raise TypeError(f"{type(value).__name__}: expected a number, text, bytes, None, or a list of numbers or texts")


@lru_cache(maxsize=1000)
def _numbered(text: str) -> bytes:
    """Return a statement with `$1`, `$2`, … in place of `%s` and `%b`."""
    places = iter(range(1, len(text)))
    return _PLACES.sub(lambda found: "%" if found[1] == "%" else f"${next(places)}", text).encode()


class WritingCursor:
    """A cursor for the statements of a transaction; what is not sent when it is closed is dropped.

    Attributes:
        connection: the connection of the writer; its `statements` are the names of those that are prepared.
        gathers: whether statements may wait until an answer is asked for, or for the COMMIT. Errors come then, too.
    """

    def __init__(self, connection: Any) -> None:
        """Run statements on a connection."""
        self.connection = connection
        self.gathers = False
        self._waiting: list[Ask] = []
        self._foreseen: list[Ask] = []
        self._answers: list[tuple[Ask, Any]] = []
        self._result: Any = None

    def foresee(self, text: str, values: Sequence[Any]) -> None:
        """Have a statement done in the flight of `lead`, after that: it will be asked for later."""
        self._foreseen.append(ask(text, values))

    def lead(self, text: str, values: Sequence[Any]) -> Self:
        """Run a statement, and what is foreseen after it."""
        self._waiting.append(ask(text, values))
        foreseen, self._foreseen = self._foreseen, []
        self._send(foreseen)
        return self

    def execute(self, text: str, values: Sequence[Any] = ()) -> Self:
        """Run a statement, or have it wait; what was foreseen has its answer."""
        asked = ask(text, values)
        for known, result in self._answers:
            if known == asked:
                self._result = result
                return self
        self._waiting.append(asked)
        waits = self.gathers and text != "COMMIT" and len(self._waiting) < _MOST
        if not waits and not text.startswith("BEGIN"):
            self._send()
        return self

    def executemany(self, text: str, rows: Iterable[Sequence[Any]]) -> Self:
        """Run a statement for each row of values."""
        for row in rows:
            self.execute(text, row)
        return self

    def fetchall(self) -> list[Any]:
        """Return the rows of the last statement."""
        result = self._answer()
        load = Transformer(self.connection)
        load.set_pgresult(result, format=pq.Format.BINARY)
        return list(load.load_rows(0, result.ntuples, tuple))

    def fetchone(self) -> Any:
        """Return the first row of the last statement, None when it has none."""
        rows = self.fetchall()
        return rows[0] if rows else None

    @property
    def rowcount(self) -> int:
        """How many rows the last statement has changed."""
        return self._answer().command_tuples or 0

    def close(self) -> None:
        """Drop what has not been sent."""
        self._waiting, self._foreseen, self._answers, self._result = [], [], [], None

    def _answer(self) -> Any:
        if self._waiting:
            self._send()
        return self._result

    def _send(self, foreseen: Sequence[Ask] = ()) -> None:
        asked, self._waiting = self._waiting, []
        results = self.fly([*asked, *foreseen])
        self._result = results[len(asked) - 1]
        self._answers += zip(foreseen, results[len(asked) :], strict=True)

    # ---- to the server and back --------------------------------------------------------------------------------

    def fly(self, asked: Sequence[Ask]) -> list[Any]:
        """Send statements and return the answers of all of them.

        Raises:
            psycopg.Error: what the first one that failed has met; those after it were not run.
        """
        server = self.connection.pgconn
        if server.status != pq.ConnStatus.OK:
            raise psycopg.OperationalError("the connection is lost")
        server.enter_pipeline_mode()
        try:
            new = [self._ask(server, each) for each in asked]
            server.pipeline_sync()
            _hand_over(server)
            return self._take(server, new)
        finally:
            with suppress(psycopg.Error):  # a connection that is lost is in no mode
                server.exit_pipeline_mode()

    def _ask(self, server: Any, asked: Ask) -> _Key | None:
        """Ask for a statement; returns what is prepared for it, None when that is there already.

        It counts as prepared at once, for it may come again before the answer; see `_take`.
        """
        key, names = (asked.text, asked.kinds), self.connection.statements
        is_new = key not in names
        if is_new:
            self.connection.prepared += 1
            names[key] = f"actorflow_{self.connection.prepared}".encode()
            server.send_prepare(names[key], _numbered(asked.text), asked.kinds)
        server.send_query_prepared(names[key], asked.values, [pq.Format.BINARY] * len(asked.values), pq.Format.BINARY)
        return key if is_new else None

    def _take(self, server: Any, new: Sequence[_Key | None]) -> list[Any]:
        """Take the answers in: two of what was prepared first."""
        results: list[Any] = []
        error: psycopg.Error | None = None
        for key in new:
            if key is not None:
                error = self._checked(server, _next(server), error)
                if error is not None:
                    self.connection.statements.pop(key, None)
            result = _next(server)
            results.append(result)
            error = self._checked(server, result, error)
            if server.status != pq.ConnStatus.OK:
                break
        if error is None or server.status == pq.ConnStatus.OK:
            _waited(server)  # the end of all
        if error is not None:
            raise error
        return results

    def _checked(self, server: Any, result: Any, before: psycopg.Error | None) -> psycopg.Error | None:
        """Return the first error so far; somebody else's SQL may have had the server forget what was prepared."""
        if before is not None or (result is not None and result.status in _FINE):
            return before
        if result is None or not result.error_field(pq.DiagnosticField.SQLSTATE):
            said = server.error_message.decode(errors="replace")
            return psycopg.OperationalError(said or "the connection is lost")
        error = error_from_result(result)
        if error.sqlstate == UNPREPARED:
            self.connection.statements.clear()
        return error


def _hand_over(server: Any) -> None:
    """Give everything to the network, and take in what comes meanwhile."""
    while server.flush():
        if _wait(server, select.POLLIN | select.POLLOUT) & select.POLLIN:
            server.consume_input()


def _next(server: Any) -> Any:
    """Wait for the answer of a statement, and take in that it ends there."""
    result = _waited(server)
    if server.status == pq.ConnStatus.OK:
        _waited(server)
    return result


def _waited(server: Any) -> Any:
    """Wait for an answer; the driver would wait with Python's lock in its hands."""
    while server.is_busy():
        _wait(server, select.POLLIN)
        server.consume_input()
    return server.get_result()


def _wait(server: Any, events: int) -> int:
    ready = select.poll()
    ready.register(server.socket, events)
    return ready.poll()[0][1]
