"""Chaos for a few seconds, where `make chaos` does not go every day: in network namespaces, and on MariaDB."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.namespaces import lack
from tests.unit.resource.mariadb import on_mariadb
from tests.unit.resource.test_servers import on_server

MINUTES = "0.1"
ROOT = Path(__file__).parents[2]


def chaos(folder: Path, seed: int, *more: str) -> dict[str, Any]:
    """Break a cluster, and return what came of it."""
    command = [sys.executable, "-m", "tests.chaos", "--minutes", MINUTES, "--seed", str(seed), "--keep", str(folder)]
    done = subprocess.run([*command, *more], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-5000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.slow
@on_server
def test_nodes_in_namespaces_of_their_own_keep_every_law(tmp_path: Path, seed: int) -> None:
    if reason := lack():
        pytest.skip(reason)
    found = chaos(tmp_path / "kept", seed, "--namespaces")
    assert (found["lost"], found["duplicated"], found["stuck"]) == (0, 0, 0)
    assert found["asked"], "something was asked"


@pytest.mark.slow
@on_mariadb
def test_nodes_that_share_a_mariadb_keep_every_law(tmp_path: Path, seed: int) -> None:
    found = chaos(tmp_path / "kept", seed, "--store", "mariadb")
    assert (found["lost"], found["duplicated"], found["stuck"]) == (0, 0, 0)
    assert found["asked"], "something was asked"
