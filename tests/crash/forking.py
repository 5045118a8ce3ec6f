"""A server of forks: one process that has imported everything, from which each life of a node is forked.

Run as `python -m tests.crash.forking MODULE`, whose `live(place)` is a life; a job is a line with a directory and a crash point or nothing, the answer a
line with the exit status.
"""

from __future__ import annotations

import gc
import importlib
import os
import subprocess
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import trio

from actorflow.store.crash import VARIABLE


class ForkServer:
    """The parent's end."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def live(self, place: Path, crash_at: str = "") -> int:
        """Let a node live once in `place` and return its exit status."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(place, crash_at, file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())


@contextmanager
def fork_server(
    lives: str = "tests.crash.living", environment: Mapping[str, str] | None = None
) -> Iterator[ForkServer]:
    """Serve lives of the module `lives`, with these environment variables beside ours."""
    command, given = [sys.executable, "-m", "tests.crash.forking", lives], {**os.environ, **(environment or {})}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=given) as process:
        yield ForkServer(process)
        process.stdin.close()  # type: ignore[union-attr] # a pipe, as asked


def _child(live: Callable[[Path], Awaitable[None]], place: Path, crash_at: str) -> None:
    """Live, in the forked process; never returns."""
    status = 1
    try:
        os.environ |= {"CRASH_PLACE": str(place), VARIABLE: crash_at}
        trio.run(live, place)
        status = 0
    except BaseException:  # noqa: BLE001 - the process ends here, whatever happened
        (place / "error.txt").write_text(traceback.format_exc())
    finally:
        os._exit(status)


def _serve() -> None:
    live = importlib.import_module(sys.argv[1]).live
    gc.freeze()
    for line in sys.stdin:
        place, _, crash_at = line.strip().partition(" ")
        child = os.fork()
        if not child:
            _child(live, Path(place), crash_at)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201 - the parent reads it


if __name__ == "__main__":
    _serve()
