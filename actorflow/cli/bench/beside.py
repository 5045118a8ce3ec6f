"""Other engines beside this one: their own benchmark programs, run in turns with the workloads here.

Figures of two engines can be compared only when both were measured in the same minutes of the same machine. So each run
of a workload here is followed by one run of the other program's workload of the same kind; the result is their ratio.

A program is called as `PROGRAM --workloads W1 --runs 1` and prints a JSON object a line; the one whose `workload` is
that name holds the figures, each a number or an object with a `median`. What it prints besides is passed over. One that
does not end within a limit is ended, with all processes of its session.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import statistics
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Any, Final

import trio

from actorflow.cli.bench.result import Result
from actorflow.errors import INVALID, TIMEOUT, UNAVAILABLE, Error

LIMIT: Final = 900
"""Seconds that one run of another program may take, unless told otherwise."""
_TAIL: Final = 800
_GRACE: Final = 5
"""Seconds between asking a program to end and ending it."""
_MILLI: Final = 1000.0


@dataclass(frozen=True, slots=True)
class Counterpart:
    """What another program calls a workload: its name, the figure, and how that becomes a rate like ours."""

    workload: str
    figure: str
    rate: Callable[[float], float] = float


COUNTERPARTS: Final = {
    "durable/one-step/py/200": Counterpart("W1", "workflows_per_s"),
    "durable/ten-step/py/200": Counterpart("W2", "steps_per_s"),
    "durable/sequential/py": Counterpart("W3", "steps_per_s"),
    "durable/answer/py": Counterpart("W4", "p50_ms", lambda milliseconds: _MILLI / milliseconds),
    "scale/sleepers/10000": Counterpart("W5", "wakes_per_s"),
    "scale/recovery/1000": Counterpart("W6", "recover_all_s", lambda seconds: 1000 / seconds),
    "start/first-result": Counterpart("W7", "first_workflow_s", lambda seconds: 1 / seconds),
}
"""What each workload here is compared with. (W6 there has ten steps a run, and so more to do.)"""


@dataclass(slots=True)
class Peer:
    """Another engine, and the rates measured for it, by the name of the workload here.

    Attributes:
        limit: seconds that one run of its program may take.
    """

    name: str
    command: list[str]
    limit: float = LIMIT
    rates: dict[str, list[float]] = field(default_factory=dict)

    async def measure(self, row: str) -> None:
        """Run its counterpart of `row` once, if it has one, and keep the rate.

        Raises:
            Error: kind Unavailable, when the program cannot be run, fails, or prints no such figure; Timeout, when it
                does not end in time.
        """
        asked = COUNTERPARTS.get(row)
        if asked is None:
            return
        command = [*self.command, "--workloads", asked.workload, "--runs", "1"]
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as told:  # pipes may outlive it in its children
            code = await self._ended(command, out, told)
            value = _figure(_text(out), asked)
            said = _text(told)[-_TAIL:]
        if value is None:
            message = (
                f"--beside {self.name}: `{shlex.join(command)}` ended with {code} and printed no"
                f" `{asked.figure}` of `{asked.workload}`; it said last: {said}"
            )
            raise Error(message, UNAVAILABLE)
        self.rates.setdefault(row, []).append(asked.rate(value))

    async def _ended(self, command: list[str], out: IO[bytes], told: IO[bytes]) -> int:
        """Run a command, what it says into these files, and return its exit code."""
        with trio.move_on_after(self.limit):
            try:
                done = await trio.run_process(
                    command, stdout=out, stderr=told, check=False, start_new_session=True, deliver_cancel=_end
                )
            except OSError as error:
                message = f"--beside {self.name}: cannot run {command[0]!r}: {error.strerror}"
                raise Error(message, UNAVAILABLE) from None
            return done.returncode
        message = (
            f"--beside {self.name}: `{shlex.join(command)}` has not ended within {self.limit:g} s, and was ended; run"
            " it by itself to see what it waits for, or give it more time with --beside-limit; it said last:"
            f" {_text(told).strip()[-_TAIL:]}"
        )
        raise Error(message, TIMEOUT)

    def results(self, ours: Sequence[Result]) -> list[Result]:
        """Return its results; `ahead` is how many times as fast as it the workload here is."""
        medians = {result.name: (result.median, result.unit) for result in ours}
        found = []
        for row, rates in self.rates.items():
            median, unit = medians[row]
            ahead = {"ahead": median / statistics.median(rates)}
            found.append(Result(f"beside/{self.name}/{row}", unit, rates, more=ahead))
        return found


def peers_of(texts: Sequence[str], limit: float = LIMIT) -> list[Peer]:
    """Return the engines named by `NAME=COMMAND`, each run of which may take `limit` seconds.

    Raises:
        Error: kind Invalid, when one is not of that shape.
    """
    return [_peer(text, limit) for text in texts]


def _peer(text: str, limit: float) -> Peer:
    name, _, command = text.partition("=")
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise Error(f"--beside {text!r}: {error}", INVALID) from None
    if not name or not words:
        raise Error(f"--beside {text!r}: expected NAME=COMMAND, such as 'other=python bench_other.py'", INVALID)
    return Peer(name, words, limit)


async def _end(process: trio.Process) -> None:
    """Ask a program and what it has started to end, and end what is left of them."""
    _signal(process, signal.SIGTERM)
    try:
        with trio.move_on_after(_GRACE):
            await process.wait()
    finally:  # trio gives this up as soon as the program itself has ended
        _signal(process, signal.SIGKILL)


def _signal(process: trio.Process, number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def _figure(printed: str, asked: Counterpart) -> float | None:
    for line in printed.splitlines():
        try:
            entry: Any = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and entry.get("workload") == asked.workload:
            value = entry.get(asked.figure)
            found = value.get("median") if isinstance(value, dict) else value
            if isinstance(found, int | float) and found > 0:
                return float(found)
    return None
