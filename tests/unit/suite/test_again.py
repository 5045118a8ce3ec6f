"""The second chance of a test that failed beside others: given to accidents, not to faults."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
CONFTEST = """
pytest_plugins = ["tests.again"]

def pytest_addoption(parser):
    parser.addoption("--seed", type=int, default=1)
"""
STEADY = "def test_steady():\n    assert True\n"
ONCE = """
from pathlib import Path

def test_{n}(tmp_path_factory):
    told = Path(__file__).with_suffix(".{n}")
    first = not told.exists()
    told.touch()
    assert not first
"""
ALWAYS = "def test_wrong():\n    assert False\n"


def suite(directory: Path, tests: str, *options: str) -> subprocess.CompletedProcess[str]:
    (directory / "conftest.py").write_text(CONFTEST)
    (directory / "pytest.ini").write_text(f"[pytest]\npythonpath = {ROOT}\n")
    (directory / "test_it.py").write_text(tests)
    words = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
    return subprocess.run(words, cwd=directory, capture_output=True, text=True, check=False)


def test_a_test_that_failed_once_and_passes_on_its_own_is_named_and_does_not_fail_the_run(tmp_path: Path) -> None:
    done = suite(tmp_path, STEADY + ONCE.format(n=1), "--again=2", "-n", "2")
    assert done.returncode == 0
    assert "UNSTEADY" in done.stdout
    assert "test_it.py::test_1: failed beside others, passed 2 times on its own" in done.stdout


def test_a_test_that_fails_on_its_own_too_fails_the_run(tmp_path: Path) -> None:
    done = suite(tmp_path, STEADY + ONCE.format(n=1) + ALWAYS, "--again=2")
    assert done.returncode == 1
    assert "UNSTEADY" not in done.stdout


def test_four_failures_are_no_accident(tmp_path: Path) -> None:
    done = suite(tmp_path, "".join(ONCE.format(n=n) for n in range(4)), "--again=1")
    assert done.returncode == 1
    assert "again, on its own" not in done.stdout


def test_a_worker_that_died_fails_the_run_though_its_test_passes_on_its_own(tmp_path: Path) -> None:
    dying = (
        ONCE.format(n=1)
        .replace("assert not first", "first and os.abort()")
        .replace("from pathlib", "import os\nfrom pathlib")
    )
    done = suite(tmp_path, STEADY + dying, "--again=1", "-n", "2")
    assert done.returncode == 1
    assert "again, on its own" not in done.stdout
    told = done.stdout.partition(" DIED ")[2]
    assert "Fatal Python error: Aborted" in told
    assert "in test_1" in told


def test_what_runs_again_has_the_settings_of_the_first_run(tmp_path: Path) -> None:
    asking = ONCE.format(n=1).replace("tmp_path_factory", "request")
    asking += "    assert float(request.config.getini('faulthandler_timeout')) == 77\n"
    assert suite(tmp_path, asking, "--again=1", "-o", "faulthandler_timeout=77").returncode == 0


def test_without_the_option_a_failure_is_a_failure(tmp_path: Path) -> None:
    assert suite(tmp_path, ONCE.format(n=1)).returncode == 1
