"""`pytest --stalls`: everything stands still at random moments, as on a busy machine, and no test may see it.

A thread stops the interpreter for 20 to 400 ms, again and again: it calls `usleep` in a way that keeps the global lock, so
that no other thread of the process runs meanwhile. Now and then what the thread of a store does is late, while all else
goes on, or it is done and the answer is late: others see in the store what its node does not know yet. What a worker
thread has done is told late likewise. The moments are drawn with the seed in the header (`--seed`); what they meet still
depends on the machine. Programs that tests start with `stalled` and lives that they fork are stopped likewise: `STALLS` in the environment has
the seed.
"""

from __future__ import annotations

import ctypes
import os
import runpy
import sys
import threading
import time
from collections.abc import Callable
from random import Random
from typing import Any, Final

import pytest

VARIABLE: Final = "STALLS"
SHORTEST, LONGEST = 0.02, 0.4
"""Seconds of one stop."""
APART: Final = 0.5
"""Seconds from the end of a stop to the next one, on the average."""
LATE: Final = 0.1
"""The share of what the thread of a store does that is late by as much as a stop takes."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--stalls`."""
    parser.addoption("--stalls", action="store_true", help="stop the interpreter again and again, at random moments")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Say it to the children, once the seed is known and before any module takes a copy of the environment."""
    if config.option.stalls:
        os.environ[VARIABLE] = str(config.option.seed)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin with the first test."""
    if session.config.option.stalls:
        _begin(Random(f"{session.config.option.seed} {os.environ.get('PYTEST_XDIST_WORKER')}"))


def begin_too() -> None:
    """Stop this process, a child of the tests, as they are stopped: not at all if they are not."""
    if seed := os.environ.get(VARIABLE):
        _begin(Random(f"{seed} {os.getpid()}"))


def stalled(program: str) -> list[str]:
    """Return how to start a program of this Python that is stopped as the tests are; arguments follow."""
    return [sys.executable, __file__, program] if os.environ.get(VARIABLE) else [program]


def _begin(draw: Random) -> None:
    from trio import _threads as threads  # noqa: PLC0415 - most runs of the tests need none of these here

    from actorflow.store import writer  # noqa: PLC0415

    threading.Thread(target=_stop, args=(Random(draw.random()),), name="stalls", daemon=True).start()
    late = Random(draw.random())
    writer.commit_all = _late(late, writer.commit_all)  # type: ignore[attr-defined]
    do = writer.Writer._do  # noqa: SLF001 - what a thread of the store does one at a time
    writer.Writer._do = lambda self, job: do(self, job._replace(run=_late(late, job.run)))  # type: ignore[method-assign] # noqa: SLF001
    threads.start_thread_soon = _told_late(late, threads.start_thread_soon)  # type: ignore[attr-defined]


def _told_late(draw: Random, start: Callable[..., Any]) -> Callable[..., Any]:
    """Delay what a worker thread says when it is done; what it does stays as it is, its tracebacks among it."""

    def start_soon(work: Callable[[], Any], deliver: Callable[[Any], Any], *names: Any) -> Any:
        return start(work, _late(draw, deliver), *names)

    return start_soon


def _stop(draw: Random) -> None:
    usleep = ctypes.PyDLL(None).usleep  # the functions of a PyDLL keep the lock, those of a CDLL let it go
    while True:
        time.sleep(draw.expovariate(1 / APART))
        usleep(int(draw.uniform(SHORTEST, LONGEST) * 1e6))


def _late(draw: Random, work: Callable[..., Any]) -> Callable[..., Any]:
    def late(*args: Any) -> Any:
        before, after = draw.random() < LATE, draw.random() < LATE
        if before:
            time.sleep(draw.uniform(SHORTEST, LONGEST))
        try:
            return work(*args)
        finally:
            if after:
                time.sleep(draw.uniform(SHORTEST, LONGEST))

    return late


if __name__ == "__main__":
    sys.path.pop(0)  # the program is not one of this directory
    del sys.argv[0]
    begin_too()
    runpy.run_path(sys.argv[0], run_name="__main__")
