"""What tests start stands still at random moments when they do, and not otherwise."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.stalls import VARIABLE, stalled

PROGRAM = """
import sys, threading

print(sys.argv[1:], [thread.name for thread in threading.enumerate()])
"""


def test_a_program_is_stopped_when_the_tests_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "program"
    program.write_text(PROGRAM)
    monkeypatch.delenv(VARIABLE, raising=False)
    assert stalled(str(program)) == [str(program)]
    monkeypatch.setenv(VARIABLE, "7")
    ended = subprocess.run([*stalled(str(program)), "a", "--b"], check=True, capture_output=True, text=True)
    assert ended.stdout == "['a', '--b'] ['MainThread', 'stalls']\n"
