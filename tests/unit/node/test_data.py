"""The data directory: who may use it and how often it was booted."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from actorflow.errors import INVALID, UNAVAILABLE, Error
from actorflow.node.data import DataDirectory, find_control, holder


def test_it_is_made_for_its_owner_only(tmp_path: Path) -> None:
    with DataDirectory.claim(tmp_path / "a" / "b") as data:
        assert stat.S_IMODE(data.path.stat().st_mode) == 0o700


def test_a_second_holder_is_refused_with_process_and_directory(tmp_path: Path) -> None:
    with DataDirectory.claim(tmp_path):
        assert holder(tmp_path) == os.getpid()
        with pytest.raises(Error, match=rf"{tmp_path} is in use by process {os.getpid()}") as caught:
            DataDirectory.claim(tmp_path)
        assert caught.value.kind == UNAVAILABLE
    assert holder(tmp_path) is None
    DataDirectory.claim(tmp_path).close()


def test_the_lock_ends_with_the_process(tmp_path: Path) -> None:
    code = (
        "import sys, os, signal; from pathlib import Path; from actorflow.node.data import DataDirectory\n"
        "data = DataDirectory.claim(Path(sys.argv[1])); data.next_boot(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False, timeout=20)
    with DataDirectory.claim(tmp_path) as data:
        assert data.next_boot() == 2


def test_boots_are_counted_for_ever(tmp_path: Path) -> None:
    for expected in (1, 2, 3):
        with DataDirectory.claim(tmp_path) as data:
            assert data.next_boot() == expected


@pytest.mark.parametrize("text", ["", "four", "1 2"])
def test_a_damaged_boot_counter_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "boot").write_text(text)
    with DataDirectory.claim(tmp_path) as data, pytest.raises(Error, match="boot") as caught:
        data.next_boot()
    assert caught.value.kind == INVALID


def test_a_file_in_the_way_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "d").write_text("")
    with pytest.raises(Error, match="cannot use data directory") as caught:
        DataDirectory.claim(tmp_path / "d")
    assert caught.value.kind == INVALID


def test_where_no_node_ever_was_there_is_no_socket(tmp_path: Path) -> None:
    assert find_control(tmp_path) is None
    assert holder(tmp_path / "nowhere") is None
