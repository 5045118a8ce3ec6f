"""What databases on servers have in common: one writer at a time, commits that are counted, connections that get lost.

A write transaction begins by updating the one row of `turnstile`: whoever has done that is alone until its transaction
ends, so a batch is looked up, decided and written as it is on SQLite, and numbers and changes of state come in the
order of commits. Nothing is locked between two transactions, and the server ends one whose writer stands still. The
same statement counts, in a row of `writer`, the commits of the connection: when the answer of a commit is lost, that
row tells whether it was written.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, TypeVar
from uuid import uuid4

from sqlalchemy import URL, bindparam, delete, insert, select, update

from actorflow.errors import UNAVAILABLE, Error
from actorflow.run.turn import Committed, Item, StartRun, Transact
from actorflow.store import tables as t
from actorflow.store.apply import earlier
from actorflow.store.batch import Known, Writes, needs
from actorflow.store.crash import CrashPoint
from actorflow.store.database import Database
from actorflow.store.port import CommitUnknown
from actorflow.store.server_transact import transact
from actorflow.store.sql import SqlStore
from actorflow.store.statement import compiled
from actorflow.store.telling import Listener, is_quiet, told
from actorflow.store.turn_count import Turn
from actorflow.store.vault import Vault

if TYPE_CHECKING:
    from actorflow.store.guest import Guest

T = TypeVar("T")

CONNECT: Final = 10
"""Seconds to wait for a server."""
STILL: Final = 5
"""Seconds that a writer may stand still within its transaction, and that others wait for it."""
PATIENCE: Final = 8.0
"""Seconds in which a lost server may come back without anybody hearing of it."""
_PAUSE: Final = 0.1
"""Seconds between two tries."""
_KEPT: Final = 86_400_000_000_000
"""Nanoseconds after which the row of a connection that is gone may go."""


class TryAgain(Error):
    """Nothing was written, and the reason may be over at once: a lost connection, or a transaction that was undone."""

    def __init__(self, message: str) -> None:
        """Say what happened; kind Unavailable, retryable."""
        super().__init__(message, UNAVAILABLE, retryable=True)


class ServerDatabase(Database, Protocol):
    """A database on a server."""

    def outcome(self, connection: Any, writer: str) -> int:
        """Return how many commits of a writer there are, once none of them is under way any more."""
        ...

    def listener(self) -> Listener | None:
        """Return a connection that hears what others tell, None when nobody is told anything."""
        ...

    def awaited(self, runs: Collection[int]) -> list[int]:
        """Return those of some runs whose ends other nodes have asked for (`Database.await_end`)."""
        ...

    def foresee(self, cursor: Any, text: str, values: Sequence[Any]) -> None:
        """Have a query done with the begin of a transaction, which will be asked in that; done before `begin`."""
        ...

    def gather(self, cursor: Any) -> None:
        """Let statements of a cursor wait until the answer of one is asked for, or for the COMMIT; so may errors."""
        ...

    def quiet(self, cursor: Any) -> None:
        """Count the open transaction as one that leaves alone what other stores remember, where that is counted."""
        ...


class Server:
    """What the dialects of servers share."""

    scheme: ClassVar[str]
    begin_write: ClassVar[str] = "BEGIN"
    core: Any
    recorded: str = ""

    def __init__(self, url: URL, vault: Vault | None = None) -> None:
        """Name the database; `vault` keeps its values."""
        self.url = url
        self.writer = ""
        self.vault = vault or Vault()
        database: Any = self
        numbers = select(t.turnstile.c.run, t.turnstile.c.inbox)
        self._numbers = compiled(database, numbers)
        self._number = compiled(database, update(t.turnstile), "run", "inbox")
        self._enter = compiled(database, insert(t.writer), "writer", "number", "since")
        self._sweep = compiled(database, delete(t.writer).where(t.writer.c.since < bindparam("until")), "until")
        self._stop = compiled(database, select(t.turnstile.c.number).with_for_update())
        count = select(t.writer.c.number).where(t.writer.c.writer == bindparam("name"))
        self._count = compiled(database, count, "name")

    @property
    def place(self) -> str:
        """What to call the database in messages: never with its password."""
        host = self.url.host or self.url.query.get("unix_socket") or self.url.query.get("host") or "localhost"
        port = f":{self.url.port}" if self.url.port else ""
        return f"{self.scheme}://{host}{port}/{self.url.database or ''}"

    def transact(self, connection: Any, item: Transact) -> bool:
        """Do the work of an item inside of the open transaction; see `server_transact.transact`."""
        return transact(self, connection, item)

    def guest(self, connection: Any) -> Guest:
        """Return the cursor for somebody else's SQL in the open transaction of a connection."""
        raise NotImplementedError

    def explain(self, error: BaseException) -> Error | None:
        """Return what a driver's error means, None when it is about the data of one statement."""
        raise NotImplementedError

    def is_undone(self, connection: Any) -> bool:  # noqa: ARG002 - as the port has it
        """Return False: each statement is done at once, and what fails says so."""
        return False

    def is_lost(self, connection: Any) -> bool:
        """Tell whether a connection is of no use any more."""
        raise NotImplementedError

    def cursor(self, connection: Any) -> Any:
        """Return a cursor for a write transaction."""
        return connection.cursor()

    def begin(self, cursor: Any) -> None:
        """Begin a write transaction: wait until it is the turn of this connection."""
        cursor.execute(self.begin_write, ())
        turn: Turn = cursor.connection.turn
        loud = self._turn(cursor, turn) if turn.writer else 0
        if not loud:  # the first time, or somebody has taken this connection for one that is gone
            now = time.time_ns()
            cursor.execute(self._sweep, (now - _KEPT,))
            turn.writer, turn.committed = uuid4().hex, 0
            self.writer = turn.writer
            cursor.execute(self._enter, (turn.writer, 0, now))
            loud = self._turn(cursor, turn)
        if not turn.loud <= loud <= turn.loud + (not turn.was_quiet):
            turn.version += 1
        turn.loud, turn.was_quiet = loud, False

    def _turn(self, cursor: Any, turn: Turn) -> int:
        """Count a commit of a writer and of all; returns how many of all were not quiet, 0 if there is no such writer.

        The own one is among them, as long as nobody has called it quiet.
        """
        raise NotImplementedError

    def version(self, cursor: Any) -> object:
        """Return what changes when another connection has written."""
        return cursor.connection.turn.version

    def room(self) -> None:
        """Return None: the server keeps its log itself."""

    def numbers(self, cursor: Any) -> tuple[int, int]:
        """Return the last numbers of a run and of an inbox row that were ever used."""
        run, inbox = cursor.execute(self._numbers, ()).fetchone()
        return run, inbox

    def number(self, cursor: Any, run: int, inbox: int) -> None:
        """Keep the last numbers used."""
        cursor.execute(self._number, (run, inbox))

    def foresee(self, cursor: Any, text: str, values: Sequence[Any]) -> None:
        """Do nothing: each statement is sent when its answer is asked for."""

    def gather(self, cursor: Any) -> None:
        """Do nothing: each statement is sent at once."""

    def quiet(self, cursor: Any) -> None:
        """Do nothing: whatever is written may concern others."""

    def outcome(self, connection: Any, writer: str) -> int:
        """Return how many commits of a writer there are, once none of them is under way any more."""
        cursor = connection.cursor()
        try:
            cursor.execute("BEGIN", ())
            cursor.execute(self._stop, ()).fetchall()  # whoever has this row is not done
            found = cursor.execute(self._count, (writer,)).fetchone()
            cursor.execute("ROLLBACK", ())
        finally:
            cursor.close()
        return found[0] if found else 0

    def tell(self, cursor: Any, runs: Sequence[int]) -> None:
        """Do nothing: who owns the runs finds them by looking."""

    def listener(self) -> Listener | None:
        """Return a connection that hears what others tell, None when nobody is told anything."""
        return None

    def await_end(self, connection: Any, run: int) -> None:
        """Do nothing: whoever waits looks."""

    def awaited(self, runs: Collection[int]) -> list[int]:  # noqa: ARG002 - as the port has it
        """Return none: nobody is told of ends."""
        return []

    def settle(self, connection: Any) -> None:
        """Do nothing: what is in doubt is asked for by name."""

    def integrity(self, connection: Any) -> list[str]:  # noqa: ARG002 - as the port has it
        """Return nothing: a server looks after its own files, and has tools of its own to check them."""
        return []


class ServerStore(SqlStore):
    """A store on a server: outlives lost connections, restarts and conflicts, and does nothing twice over them."""

    shared: bool = True

    def __init__(self, dialect: ServerDatabase, crash: CrashPoint | None = None, patience: float = PATIENCE) -> None:
        """Open the database; see `SqlStore`. `patience` are the seconds in which a lost server may come back."""
        self._server = dialect
        self._patience = patience
        self._doubt: tuple[str, int] | None = None
        self._committing = False
        self._early: list[tuple[str, Any]] = []
        super().__init__(dialect, crash)

    def listener(self) -> Listener | None:
        """Return what hears of the writes of others (`port.Store.listener`)."""
        return self._server.listener()

    def commit_at_once(self, batch: Sequence[Item]) -> list[Committed] | None:  # noqa: ARG002 - as the port has it
        """Return None: a server is waited for."""
        return None

    def commit(self, batch: Sequence[Item]) -> list[Committed]:
        """Apply a batch in one transaction (`port.Store.commit`)."""
        self._committing, self._early = True, self._foreseen(batch)
        try:
            return super().commit(batch)
        finally:
            self._committing, self._early = False, []

    def _foreseen(self, batch: Sequence[Item]) -> list[tuple[str, Any]]:
        """Return what starts certainly look up: whether their ids are used."""
        if not any(isinstance(item, StartRun) for item in batch):
            return []
        wanted, sql, pack = needs(batch), self._writes, self.dialect.pack
        return [(sql.holders, pack(sorted(wanted.workflow_ids))), (sql.run_ids, pack(sorted(wanted.run_ids)))]

    def _run(self, cursor: Any, work: Callable[[Any], T]) -> T:
        for text, value in self._early:
            self._server.foresee(cursor, text, (value,))
        return super()._run(cursor, work)

    def _batch(self, cursor: Any, batch: Sequence[Item]) -> list[Committed]:
        self._server.gather(cursor)
        if (last := cursor.connection.turn.numbers) is not None:
            self._kept.numbers = (last[0] + 1, last[1] + 1)
        return super()._batch(cursor, batch)

    def _applied(self, cursor: Any, batch: Sequence[Item], known: Known, writes: Writes) -> None:
        """Write what a batch has changed beside its rows, and tell others what is theirs of it."""
        super()._applied(cursor, batch, known, writes)
        if writes.inbox:
            self._overtaken.update(earlier(cursor, self._writes, self.dialect, writes))
        news, awaited = told(writes, known, self._tokens), self._server.awaited(writes.ended)
        if news or awaited:
            self.dialect.tell(cursor, [*news, *awaited])
        if not news and self._committing and is_quiet(batch, writes):
            self._server.quiet(cursor)

    def _connection(self) -> Any:
        """Return the connection; a new one waits until nothing of the one before is under way any more."""
        connection = super()._connection()
        if self._doubt is not None:
            try:
                self._is_written()
            except BaseException:
                self.close()
                raise
        return connection

    def _is_written(self) -> bool:
        """Find out whether the commit in doubt was written."""
        assert self._doubt is not None  # noqa: S101 - asked for only then
        writer, number = self._doubt
        try:
            written = self._server.outcome(self._open, writer) >= number
        except Exception as error:
            raise self.dialect.explain(error) or error from error
        self._doubt = None
        return written

    def _transaction(self, work: Callable[[Any], T]) -> T:
        end, pause = time.monotonic() + self._patience, 0.0
        kept: list[T] = []

        def remembered(cursor: Any) -> T:
            kept[:] = [work(cursor)]
            return kept[0]

        while True:
            try:
                return super()._transaction(remembered)
            except CommitUnknown:
                if self._found_out(end):
                    self._commits += 1
                    return kept[0]
            except TryAgain:
                if time.monotonic() > end:
                    raise
            time.sleep(pause)
            pause = _PAUSE

    def _found_out(self, end: float) -> bool:
        """Tell whether the commit in doubt was written.

        Raises:
            CommitUnknown: when the server could not be asked in time; the next connection waits for the outcome.
        """
        while self._doubt is not None:
            try:
                super()._connection()
                return self._is_written()
            except Error as error:
                self.close()
                if time.monotonic() > end:
                    raise CommitUnknown(error.message) from error
            time.sleep(_PAUSE)
        return False

    def _finish(self, cursor: Any) -> None:
        turn: Turn = self._open.turn
        number = turn.committed + 1
        try:
            super()._finish(cursor)
        except CommitUnknown:
            self._doubt = (turn.writer, number)
            raise
        turn.committed = number
