"""When it is proved that a process has ended, and when it is only not heard of."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from actorflow.node.data import DataDirectory
from actorflow.node.life import has_ended, life

pytestmark = pytest.mark.skipif(not life()["boot"], reason="this system does not say which boot it is")
CHILD = """
import json, sys
from pathlib import Path
from actorflow.node.life import life
print(json.dumps(life(Path(sys.argv[1]))), flush=True)
sys.stdin.read()
"""


@contextmanager
def child(directory: Path) -> Iterator[tuple[dict[str, Any], subprocess.Popen[str]]]:
    """Give what another process says of itself, and the process; it is ended with the block."""
    command = [sys.executable, "-c", CHILD, str(directory)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline()), process
        finally:
            process.kill()


def test_a_process_has_ended_when_nothing_of_it_is_left_and_not_before(tmp_path: Path) -> None:
    mine = life()
    with child(tmp_path) as (other, process):
        assert (other["process"], other["boot"], other["space"]) == (process.pid, mine["boot"], mine["space"])
        assert not has_ended(other, mine)
        assert has_ended({**other, "started": other["started"] - 1}, mine), "its number is another process's by now"
        process.kill()
        process.wait()
        assert has_ended(other, mine)
        for unknown in ({"boot": "another"}, {"boot": ""}, {"space": "pid:[1]"}, {"process": "7"}, {"process": 0}):
            assert not has_ended({**other, **unknown}, mine), "that proves nothing"
        assert not has_ended(other, {**mine, "boot": ""})
        assert not has_ended({}, mine)


def test_who_holds_the_lock_of_another_process_knows_that_it_has_let_go(tmp_path: Path) -> None:
    with DataDirectory.claim(tmp_path / "data") as claimed:
        mine = life(claimed.path)
        with child(claimed.path) as (other, _process):
            restarted = {**other, "space": "pid:[1]"}  # in a container that is gone
            assert has_ended(restarted, mine)
            assert not has_ended({**restarted, "boot": "another"}, mine), "the same directory, on another machine"
            assert not has_ended({**restarted, "lock": "1:1"}, mine)
            assert not has_ended(restarted, life())
    assert mine["lock"]
    assert life(tmp_path / "nowhere")["lock"] == ""


def test_a_process_has_not_ended_for_itself(tmp_path: Path) -> None:
    with DataDirectory.claim(tmp_path / "data") as claimed:
        assert not has_ended(life(claimed.path), life(claimed.path))
