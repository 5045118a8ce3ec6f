"""`actorflow move` as it is typed: what it says, what it refuses, and what becomes of one that is killed."""

from __future__ import annotations

import json
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from actorflow.cli.main import main
from actorflow.store.crash import STATUS, VARIABLE, CrashPoint
from actorflow.store.dialect import Sqlite
from actorflow.store.port import RunFilter
from actorflow.store.sql import SqlStore
from tests.crash.meshing import COMMAND, ENVIRONMENT
from tests.unit.store.moving_runs import picture, populate

REGISTRY = 'version: "1.0"\nnamespace: app\nentries: [{name: workflows, kind: workflow.host}]\n'
MOST = 10_000


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "_index.yaml").write_text(REGISTRY)
    (tmp_path / "data").mkdir(mode=0o700)
    with opened(tmp_path, "data/runs.db") as store:
        populate(store)
    return tmp_path


def opened(place: Path, name: str) -> Any:
    return closing(SqlStore(Sqlite(place / name), CrashPoint()))


def arguments(place: Path, *more: str) -> list[str]:
    where = ["-C", str(place), "--data", str(place / "data"), "--to", f"sqlite:///{place / 'there.db'}"]
    return ["move", *where, "--json", *more]


def said(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Run the command in this process; return its exit code, and what it printed."""
    code = 0
    try:
        main(arguments)
    except SystemExit as ended:
        code = int(ended.code or 0)
    found = capsys.readouterr()
    return code, found.out, found.err


def test_a_move_says_what_it_would_do_and_does_it(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(arguments(place, "--dry-run", "--prefix", "child"), capsys)
    (answer,) = json.loads(out)
    assert (code, answer["moved"], answer["along"], answer["dry_run"]) == (0, 3, 2, True)
    with opened(place, "data/runs.db") as store:
        count = len(store.runs(RunFilter(), MOST))
    code, out, _ = said(arguments(place), capsys)
    (answer,) = json.loads(out)
    assert (code, answer["moved"], answer["stayed"]) == (0, count, [])
    code, out, err = said(["run", "show", "busy", "-C", str(place), "--data", str(place / "data")], capsys)
    assert (code, out) == (3, "")
    assert f"run 'busy' has moved to {place / 'there.db'}: ask there" in err


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (["--state", "sleeping"], "--state: got 'sleeping', expected one of created, pending"),
        (["--to", "nonsense://x"], "expected a database, as one of postgresql://"),
        (["--to", "app:nobody"], "app:nobody"),
        (["--from", "sqlite://"], "expected a database, as one of postgresql://"),
    ],
)
def test_what_makes_no_sense_is_refused(
    more: list[str], expected: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = said(arguments(place, *more), capsys)
    assert code
    assert expected in err


@pytest.mark.slow
@pytest.mark.parametrize("point", [f"{number}:{when}" for number in (1, 2, 3) for when in ("before", "after")])
def test_a_move_that_is_killed_is_ended_by_the_next(point: str, place: Path) -> None:
    with opened(place, "data/runs.db") as store:
        before = picture(store)
    command = [COMMAND, *arguments(place)]
    killed = subprocess.run(command, check=False, capture_output=True, env={**ENVIRONMENT, VARIABLE: point})
    assert killed.returncode == STATUS, f"a move has three commits: {killed.stderr!r}"
    ended = subprocess.run(command, check=False, capture_output=True, env=ENVIRONMENT)
    assert ended.returncode == 0, ended.stderr
    with opened(place, "data/runs.db") as store:
        assert picture(store) == {}
    with opened(place, "there.db") as store:
        assert picture(store) == before
