"""Dying at every commit of a store that keeps its values under a key and apart: results and effects are the same."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from actorflow.store.keyring import Keyring
from actorflow.store.vault import Vault
from tests.crash.forking import ForkServer
from tests.crash.living import FEWEST
from tests.crash.rig import ALL, SLICE, die_at_each, points
from tests.crash.test_every_commit import checking, expected_life

LIVES = "tests.crash.closed_living"
DAILY = 2
VAULT = Vault(Keyring({"one": bytes(range(32))}, "one"))


@pytest.mark.parametrize("share", [SLICE, pytest.param(ALL, marks=pytest.mark.slow)])
def test_every_commit_of_closed_values_may_be_the_last(
    server: ForkServer, tmp_path: Path, seed: int, share: str
) -> None:
    expected, commits = expected_life(server, tmp_path / "whole")
    with closing(sqlite3.connect(tmp_path / "whole" / "data" / "runs.db")) as connection:
        assert connection.execute("SELECT count(*) FROM blob").fetchone()[0] > commits / 10, "values are kept apart"
        assert connection.execute("SELECT count(*) FROM blob WHERE substr(value, 1, 2) != x'ff01'").fetchone() == (0,)
    die_at_each(server, tmp_path, points(commits, seed, share, DAILY), checking(expected), fewest=FEWEST, vault=VAULT)
