"""The SQL store: every batch is one transaction of one writing connection, run on the driver's own cursor."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from actorflow.run.turn import Committed, Item, Transact
from actorflow.store.apply import apply, look_up
from actorflow.store.batch import Kept, Known, Writes
from actorflow.store.crash import CrashPoint, crash_point
from actorflow.store.database import Database
from actorflow.store.hearing import FileCounter, PollingListener
from actorflow.store.log_room import LogRoom
from actorflow.store.plan import plan
from actorflow.store.port import CommitUnknown
from actorflow.store.read import SqlReader
from actorflow.store.recorded import WRITES, statements_of
from actorflow.store.telling import Listener
from actorflow.store.transact import TransactionLost
from actorflow.store.vault import KEYS

if TYPE_CHECKING:
    from actorflow.store.owning_sql import SqlOwnership, SqlPulse
    from actorflow.store.statement_write import WriteStatements

T = TypeVar("T")


class SqlStore(SqlReader):
    """A store in an SQL database (`port.Store`); used by one thread at a time."""

    shared: bool = False

    def __init__(self, dialect: Database, crash: CrashPoint | None = None) -> None:
        """Open the database, making it and bringing its schema up to date where needed.

        Args:
            dialect: the database.
            crash: where to die on purpose; None asks the environment.

        Raises:
            Error: when the database cannot be used; the message says why. Nothing foreign is overwritten.
        """
        super().__init__(dialect)
        self._writes: WriteStatements = statements_of(WRITES, dialect)
        self._crash = crash_point(os.environ) if crash is None else crash
        self._broken = False
        self._unsettled = False
        self._haste = self._hastens = False
        self._commits = self._begun = self._foreign = 0
        self._kept = Kept()
        self._tokens: dict[str, set[int]] = {}
        self._overtaken: dict[int, int] = {}
        self._transact: Callable[[Transact], bool] | None = None
        self._room: LogRoom | None = None
        self._connection()
        try:
            self._use_keys()
        except BaseException:
            self.close()
            raise

    def _use_keys(self) -> None:
        """Check that the keys of what is stored are here, and have the store name the one that is used from now on."""
        vault, info = self.dialect.vault, self.info()
        vault.check(info)
        active = "" if vault.keyring is None else vault.keyring.active
        if active and active not in info.get(KEYS, "").split():
            value = f"{info.get(KEYS, '')} {active}".strip()
            self._transaction(lambda cursor: cursor.execute(self._writes.tell, (KEYS, value)))

    @property
    def writing(self) -> WriteStatements:
        """The statements of commits, for what is done `alone`."""
        return self._writes

    @property
    def commits(self) -> int:
        """How many transactions this store has committed since it was opened."""
        return self._commits

    def reader(self) -> SqlReader:
        """Return a reader on a connection of its own, opened by its first read."""
        return SqlReader(self.dialect, self._reads)

    def listener(self) -> Listener | None:
        """Return what looks whether other processes have written to the file (`port.Store.listener`)."""
        counter = FileCounter(Path(self.dialect.place), lambda: self._begun, lambda: self._foreign)
        return PollingListener(counter.ask, counter.close)

    def overtaken(self) -> dict[int, int]:
        """Return the runs in whose inboxes things of others lay when they got more (`port.Store.overtaken`)."""
        found, self._overtaken = self._overtaken, {}
        return found

    def commit(self, batch: Sequence[Item]) -> list[Committed]:
        """Apply a batch in one transaction (`port.Store.commit`)."""
        return self._transaction(lambda cursor: self._batch(cursor, batch))

    def commit_at_once(self, batch: Sequence[Item]) -> list[Committed] | None:
        """Apply a batch without ever waiting for another process (`port.Store.commit_at_once`)."""
        if self._open is None:
            return None  # to open it may take any time
        self._haste = True
        try:
            return self.commit(batch)
        except CommitUnknown:
            raise
        except Exception:  # noqa: BLE001 - nothing was written: `commit` meets it again, or no longer
            return None
        finally:
            self._haste = False

    def claim(self, host: str, lease: int = 0) -> int:
        """Fence earlier owners of a host off and return the new token (`port.Store.claim`)."""
        token = self._transaction(lambda cursor: self._claim(cursor, host, lease))
        self._tokens[host] = {token}
        return token

    def collect_sources(self, *, dry_run: bool = False) -> list[tuple[str, int]]:
        """Remove the sources that no run refers to (`port.Store.collect_sources`)."""
        return self._transaction(lambda cursor: self._collect(cursor, dry_run=dry_run))

    def rows(self, sql: str, *parameters: object) -> list[Any]:
        """Return the rows of a statement, inside of a snapshot or of what is done `alone`."""
        return self._rows(sql, *parameters)

    def batch(self, cursor: Any, items: Sequence[Item]) -> list[Committed]:
        """Apply items inside of what is done `alone`, as its last part."""
        return self._batch(cursor, items)

    def alone(self, work: Callable[[Any], T]) -> T:
        """Return `work(cursor)`, done in one transaction; on a server it may be done again, when nothing was written.

        For what is no item of a batch: a move of runs. What it writes is unknown to the commits before and after it.
        """

        def unknown(cursor: Any) -> T:
            self._kept.forget()
            return work(cursor)

        return self._transaction(unknown)

    def _collect(self, cursor: Any, *, dry_run: bool) -> list[tuple[str, int]]:
        self._kept.forget()
        unused: list[tuple[str, int]] = [tuple(row) for row in cursor.execute(self._writes.unused).fetchall()]
        if unused and not dry_run:
            cursor.execute(self._writes.forget, (self.dialect.pack([name for name, _ in unused]),))
        return unused

    def _batch(self, cursor: Any, batch: Sequence[Item]) -> list[Committed]:
        kept, version = self._kept, self.dialect.version(cursor)
        if version != kept.version:  # somebody else has written: another node, or a tool
            kept.forget()
            kept.version = version
            self._foreign += 1
        known = look_up(cursor, self._writes, self.dialect, batch, kept)
        try:
            answers, writes = plan(batch, known, self._transact)
        except TransactionLost:
            kept.forget()
            if len(batch) > 1:
                raise  # each is committed alone then
            self.dialect.begin(cursor)
            return [Committed(accepted=False, refusal="failed")]
        apply(cursor, self._writes, self.dialect, self.dialect.vault.closed(writes, known.runs))
        self._applied(cursor, batch, known, writes)
        kept.learn(known, writes, self._tokens if self.shared else None)
        return answers

    def _applied(self, cursor: Any, batch: Sequence[Item], known: Known, writes: Writes) -> None:  # noqa: ARG002 - for servers
        """Write what a batch has changed beside its rows."""
        if known.numbered:
            self.dialect.number(cursor, known.next_run - 1, known.next_inbox - 1)

    @cached_property
    def ownership(self) -> SqlOwnership:
        """Which nodes share the store, and which owns what (`port.Store.ownership`)."""
        from actorflow.store.owning_sql import SqlOwnership  # noqa: PLC0415 - brings SQLAlchemy

        return SqlOwnership(self.dialect, self._transaction, self._taken)

    def pulse(self) -> SqlPulse:
        """Return what raises the counter of a node (`port.Store.pulse`)."""
        from actorflow.store.owning_sql import SqlPulse  # noqa: PLC0415 - brings SQLAlchemy

        return SqlPulse(self.dialect)

    def _taken(self, host: str, token: int) -> None:
        self._kept.forget()
        self._tokens.setdefault(host, set()).add(token)

    def _claim(self, cursor: Any, host: str, lease: int) -> int:
        self._kept.forget()
        listed = (self.dialect.pack([host]),)
        asked = (self._writes.leases, self._writes.tokens)
        last: list[int] = [row[-1] for sql in asked for row in cursor.execute(sql, listed).fetchall()]
        token = max([lease, *(before + 1 for before in last or [0])])
        if len(last) > 1:
            self.ownership.fence_all(cursor, host, token)
        cursor.execute(self._writes.claim, (host, token))
        cursor.execute(self._writes.fence, (token, host))
        return token

    def close(self) -> None:
        """Let go of the connection. May be called twice."""
        if self._room is not None:
            self._room.close()
        super().close()

    # ---- the transaction ---------------------------------------------------------------------------------------

    def _connection(self) -> Any:
        if self._open is None:
            connection = self.dialect.connect()
            try:
                if self._unsettled:
                    self.dialect.settle(connection)
            except BaseException:
                connection.close()
                raise
            self._unsettled = self._hastens = False
            self._open, self._room = connection, self.dialect.room()
            self._transact = None if self.dialect.transact is None else partial(self.dialect.transact, connection)
            self._kept.forget()
        return self._open

    def _transaction(self, work: Callable[[Any], T]) -> T:
        connection = self._connection()
        if self._hastens is not self._haste:
            self.dialect.hasten(connection, hasty=self._haste)
            self._hastens = self._haste
        cursor = self.dialect.cursor(connection)
        try:
            return self._run(cursor, work)
        except BaseException:
            self._kept.forget()
            raise
        finally:
            cursor.close()  # first, or whoever keeps an error keeps the cursor, and that the file of the connection
            if self._broken:
                self._broken = False
                self.close()

    def _run(self, cursor: Any, work: Callable[[Any], T]) -> T:
        try:
            self.dialect.begin(cursor)
            if self._room is not None:
                self._room.look()
            answer = work(cursor)
        except BaseException as error:
            self._roll_back()
            if (meaning := self.dialect.explain(error)) is not None:
                raise meaning from error
            raise
        self._crash.reached(self._commits + 1, after=False)
        self._begun += 1  # what others see of it they may see before this thread goes on
        self._finish(cursor)
        self._commits += 1
        self._crash.reached(self._commits, after=True)
        return answer

    def _finish(self, cursor: Any) -> None:
        try:
            cursor.execute("COMMIT")
        except Exception as error:
            meaning = self.dialect.explain(error)
            if self.dialect.is_undone(self._open):  # by a statement that had waited to go with this one
                self._roll_back()
                raise meaning or error from error
            if meaning is not None and self.dialect.not_written(error):
                self._roll_back()
                raise meaning from error
            self._unsettled = self._broken = True
            message = f"{self.dialect.place}: a commit failed, and it is unknown whether it was written ({error})"
            raise CommitUnknown(message) from error

    def _roll_back(self) -> None:
        """Undo the open transaction; a connection that cannot do that is given up, which undoes it too."""
        try:
            if self._open.in_transaction:
                self._open.execute("ROLLBACK")
        except Exception:  # noqa: BLE001 - whatever it is, the first error is the one to report
            self._broken = True
