"""The port of a database: what differs between SQLite, PostgreSQL and MySQL, and everything else of a store relies on.

One file each: `dialect` (SQLite), `postgres`, `mysql`; what the two servers have in common is in `server`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from actorflow.errors import Error
from actorflow.run.turn import Transact
from actorflow.store.log_room import LogRoom
from actorflow.store.vault import Vault

if TYPE_CHECKING:  # nothing is compiled where statements are recorded; see `recorded`
    from sqlalchemy import ColumnElement, Table
    from sqlalchemy.engine.interfaces import Dialect as CoreDialect
    from sqlalchemy.sql.dml import Insert


class Rows(Protocol):
    """A statement for many rows."""

    def run(self, cursor: Any, rows: Sequence[Sequence[Any]]) -> None:
        """Run it for all rows, in order."""
        ...


class Database(Protocol):
    """One database; its connections are those of the driver (DB-API), and statements begin and end transactions."""

    vault: Vault

    recorded: str
    """The file with the texts of its statements (`recorded`), "" when they are compiled."""

    @property
    def place(self) -> str:
        """What to call the database in messages."""
        ...

    @property
    def core(self) -> CoreDialect:
        """The SQLAlchemy dialect statements are compiled for; parameters go by position."""
        ...

    @property
    def transact(self) -> Callable[[Any, Transact], bool] | None:
        """What does the work of a `Transact` inside of the open transaction of a connection; None where it cannot."""
        ...

    def connect(self) -> Any:
        """Return a connection to the database with its newest schema.

        Raises:
            Error: saying why not.
        """
        ...

    def begin(self, cursor: Any) -> None:
        """Begin a write transaction; from here to its end nobody else writes."""
        ...

    def hasten(self, connection: Any, *, hasty: bool) -> None:
        """Let transactions of a connection from now on wait for no other process, and do no work for later ones; or do.

        Of databases in files.
        """
        ...

    def room(self) -> LogRoom | None:
        """Return what makes room in the log of a connection that writes, None where the database does that itself."""
        ...

    def cursor(self, connection: Any) -> Any:
        """Return a cursor for a write transaction."""
        ...

    def version(self, cursor: Any) -> object:
        """Return what changes when another connection has written. Asked inside of a write transaction."""
        ...

    def numbers(self, cursor: Any) -> tuple[int, int]:
        """Return the last numbers of a run and of an inbox row that were ever used, inside of a write transaction."""
        ...

    def number(self, cursor: Any, run: int, inbox: int) -> None:
        """Keep the last numbers used, with the rows that have them."""
        ...

    def tell(self, cursor: Any, runs: Sequence[int]) -> None:
        """Tell other nodes, as a part of the open transaction, that it has written these runs; see `telling`."""
        ...

    def await_end(self, connection: Any, run: int) -> None:
        """Ask the other nodes to `tell` of a run when they write its end, where they can be asked.

        Nothing rests on it: they may not hear of it in time.
        """
        ...

    def settle(self, connection: Any) -> None:
        """Make sure, after a commit of unknown outcome, that it comes out one way and stays so.

        Raises:
            Error: when that is not possible now.
        """
        ...

    def integrity(self, connection: Any) -> list[str]:
        """Return what the database says is wrong with its own files."""
        ...

    def explain(self, error: BaseException) -> Error | None:
        """Return what a driver's error means, None when it is about the data of one statement."""
        ...

    def not_written(self, error: BaseException) -> bool:
        """Tell whether a commit that failed with this error has certainly written nothing."""
        ...

    def is_undone(self, connection: Any) -> bool:
        """Tell whether the open transaction of a connection has failed, so that its COMMIT was not even tried."""
        ...

    def is_lost(self, connection: Any) -> bool:
        """Tell whether a connection is of no use any more."""
        ...

    clock: str
    """Query of one value: the time of the database, Unix nanoseconds."""

    begin_read: str
    """Statement that begins a transaction whose reads all see one moment."""

    def one_of(self, item: ColumnElement[Any], name: str) -> ColumnElement[bool]:
        """Return `item IN (the parameter)`: one parameter, a list as `pack` makes it."""
        ...

    def pack(self, values: Sequence[int] | Sequence[str]) -> Any:
        """Return a list as the one parameter of `one_of`."""
        ...

    def rows(self, text: str, table: Table, names: Sequence[str]) -> Rows:
        """Return an insert for many rows, from its text for one row and the columns of that."""
        ...

    def upsert(self, table: Table) -> Insert:
        """Return an insert of whole rows that replaces rows of the same primary key."""
        ...

    def insert_new(self, table: Table) -> Insert:
        """Return an insert that leaves rows of the same key as they are."""
        ...

    def update_rows(self, table: Table, names: Sequence[str], key: str) -> Rows:
        """Return an update of many rows by their key: rows of the named columns and then the key."""
        ...
