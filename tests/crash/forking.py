"""A server of forks: one process that has imported everything, from which each life of a node is forked.

Run as `python -m tests.crash.forking`; a job is a line of JSON, [module, directory, crash point or ""], and `live(place)` of
that module is the life. The answer is a line with the exit status. What one life has imported, the next one finds imported.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import trio

from actorflow.store.crash import VARIABLE
from actorflow.store.dialect import Sqlite
from actorflow.store.recorded import NAMES, statements_of
from tests import stalls


class ForkServer:
    """The parent's end; its lives are those of the module `lives`."""

    def __init__(self, process: subprocess.Popen[str], lives: str) -> None:
        self._process = process
        self._lives = lives

    def of(self, lives: str) -> ForkServer:
        """Return the same server for lives of another module."""
        return ForkServer(self._process, lives)

    def live(self, place: Path, crash_at: str = "") -> int:
        """Let a node live once in `place` and return its exit status."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([self._lives, str(place), crash_at]), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())


@contextmanager
def fork_server(
    lives: str = "tests.crash.living", environment: Mapping[str, str] | None = None
) -> Iterator[ForkServer]:
    """Serve lives of the module `lives`, with these environment variables beside ours."""
    command, given = [sys.executable, "-m", "tests.crash.forking"], {**os.environ, **(environment or {})}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=given) as process:
        yield ForkServer(process, lives)
        process.stdin.close()  # type: ignore[union-attr] # a pipe, as asked


def _child(lives: str, place: Path, crash_at: str, imported: Path) -> None:
    """Live, in the forked process; never returns."""
    status = 1
    try:
        os.environ |= {"CRASH_PLACE": str(place), VARIABLE: crash_at}
        stalls.begin_too()
        trio.run(sys.modules[lives].live, place)
        imported.write_text("\n".join(sys.modules))
        status = 0
    except BaseException:  # noqa: BLE001 - the process ends here, whatever happened
        (place / "error.txt").write_text(traceback.format_exc())
    finally:
        os._exit(status)


def _serve(imported: Path) -> None:
    for name in NAMES:
        statements_of(name, Sqlite("nowhere"))
    for line in sys.stdin:
        lives, place, crash_at = json.loads(line)
        importlib.import_module(lives)
        gc.freeze()
        child = os.fork()
        if not child:
            _child(lives, Path(place), crash_at, imported)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201 - the parent reads it
        _import_too(imported)


def _import_too(imported: Path) -> None:
    """Import what the last life had imported, if it told; scripts are no modules that can be found."""
    names = imported.read_text().splitlines() if imported.exists() else []
    imported.unlink(missing_ok=True)
    for name in names:
        with suppress(ImportError):
            importlib.import_module(name)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        _serve(Path(folder) / "imported")
