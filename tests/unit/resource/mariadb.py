"""A real MariaDB for tests: started where `mariadbd` is installed, on a socket in a temporary directory."""

from __future__ import annotations

import atexit
import functools
import gc
import getpass
import os
import shutil
import subprocess
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import pytest

PROGRAM = shutil.which("mariadbd", path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin")))
on_mariadb = pytest.mark.skipif(
    PROGRAM is None, reason="NO MARIADB: db.sql.mysql is not tested; install mariadb-server"
)
_PATIENCE = 120


@functools.cache
def mariadb() -> Path:
    """Return the socket of the server of this test run, which ends with the run; its only user is root."""
    assert PROGRAM is not None
    folder = Path(tempfile.mkdtemp(prefix="actorflow-mariadb-"))
    data, user, socket = f"--datadir={folder / 'data'}", f"--user={getpass.getuser()}", folder / "socket"
    made = ["mariadb-install-db", "--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run([*made, data, user], check=True, capture_output=True)
    lean = ("--skip-networking", "--innodb-buffer-pool-size=8M", "--skip-name-resolve")
    command = [PROGRAM, "--no-defaults", data, user, f"--socket={socket}", f"--pid-file={folder / 'pid'}", *lean]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    atexit.register(_end, server, folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the driver leaves the sockets of refused connections to the collector
        _await(server, socket, folder)
        gc.collect()
    return socket


def options() -> dict[str, Any]:
    """Return the fields of an entry that reaches the server's database `shop`."""
    return {"host": "localhost", "database": "shop", "username": "root", "options": {"unix_socket": str(mariadb())}}


def _await(server: subprocess.Popen[bytes], socket: Path, folder: Path) -> None:
    import pymysql  # noqa: PLC0415 - only where there is a server

    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            connection = pymysql.connect(unix_socket=str(socket), user="root")
        except pymysql.err.OperationalError:
            assert server.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.05)
        else:
            connection.cursor().execute("CREATE DATABASE shop CHARACTER SET utf8mb4")
            connection.close()
            return


def _end(server: subprocess.Popen[bytes], folder: Path) -> None:
    server.kill()
    server.wait(_PATIENCE)
    shutil.rmtree(folder, ignore_errors=True)
