"""`actorflow test`: run the functions that a registry marks as tests."""

from __future__ import annotations

import json
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from actorflow.cli.failing import FAILED, NOT_FOUND, Ending
from actorflow.cli.option import Overrides
from actorflow.cli.place import Place
from actorflow.duration import SECOND, parse_duration
from actorflow.errors import TIMEOUT, Error

if TYPE_CHECKING:
    from actorflow.node.node import Node
    from actorflow.registry.registry import Entry, Registry

PASSED: Final = "passed"
FAILED_OUTCOME: Final = "failed"
ERROR: Final = "error"
_DEFAULT_SECONDS: Final = 30.0


@dataclass(frozen=True)
class Result:
    """How one test went; the fields are those of its JSON line."""

    id: str
    suite: str
    outcome: str
    seconds: float
    message: str


def run_tests(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The registry.")],
    filters: Annotated[
        list[str] | None, typer.Argument(metavar="[FILTER]…", help="Part of an id or suite, or a pattern with *.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,  # noqa: FBT002
    jobs: Annotated[int, typer.Option("-j", min=1, help="So many tests at a time.")] = 1,
    override: Overrides = None,
) -> None:
    """Run every registered function with `meta.type: test`, in a fresh data directory."""
    import trio  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="actorflow-test-") as data:
        place = Place.of(directory, Path(data), override)
        counts = trio.run(_run, place, filters or [], jobs, as_json)
    summary = {outcome: counts[outcome] for outcome in (PASSED, FAILED_OUTCOME, ERROR)}
    if as_json:
        typer.echo(json.dumps(summary))
    else:
        typer.echo(", ".join(f"{count} {outcome}" for outcome, count in summary.items()))
    if not counts.total():
        typer.echo("no tests: expected functions with `meta: {type: test}`", err=True)
        raise Ending(NOT_FOUND)
    if counts[FAILED_OUTCOME] or counts[ERROR]:
        raise Ending(FAILED)


async def _run(place: Place, filters: Sequence[str], jobs: int, as_json: bool) -> Counter[str]:  # noqa: FBT001
    import trio  # noqa: PLC0415

    counts: Counter[str] = Counter()
    limiter = trio.CapacityLimiter(jobs)

    async def one(entry: Entry) -> None:
        async with limiter:
            result = await run_test(booted.node, entry)
        counts[result.outcome] += 1
        _print(result, as_json=as_json)

    async with place.booted() as booted, trio.open_nursery() as nursery:
        for entry in select(booted.registry.snapshot, filters):
            if jobs == 1:
                await one(entry)
            else:
                nursery.start_soon(one, entry)
    return counts


def select(registry: Registry, filters: Sequence[str]) -> list[Entry]:
    """Return the tests that match any filter, all without one; by id."""
    tests = registry.find("function.*", type="test")
    return [entry for entry in tests if not filters or any(_matches(entry, pattern) for pattern in filters)]


def _matches(entry: Entry, pattern: str) -> bool:
    names = (entry.id, str(entry.meta.get("suite", "")))
    return any(fnmatchcase(name, pattern) if "*" in pattern else pattern in name for name in names)


async def run_test(node: Node, entry: Entry) -> Result:
    """Run one test to its end, at most for the time it may take."""
    began = time.monotonic()
    try:
        entry.require()
        if entry.kind == "function.lua":
            node.programs.current(entry.id)  # what does not compile is broken, too
        limit = _seconds(entry.meta.get("timeout"))
    except Error as error:
        outcome, message = ERROR, error.message
    else:
        outcome, message = await _outcome(node, entry, limit)
    seconds = round(time.monotonic() - began, 3)
    return Result(entry.id, str(entry.meta.get("suite", "")), outcome, seconds, message)


async def _outcome(node: Node, entry: Entry, limit: float) -> tuple[str, str]:
    """Call the test; only one that did not end within `limit` seconds is an error and not a failure."""
    began = time.monotonic()
    try:
        value = await node.call(entry.id, timeout=limit)
    except Error as error:
        stack = f"\n{error.failure.stack}" if error.failure.stack else ""
        late = error.kind == TIMEOUT and time.monotonic() - began >= limit
        return ERROR if late else FAILED_OUTCOME, error.message + stack
    return (FAILED_OUTCOME, "returned false") if value is False else (PASSED, "")


def _seconds(written: Any) -> float:
    """Return `meta.timeout` in seconds: a duration, or a bare number of seconds, for `meta` belongs to the user."""
    if written is None:
        return _DEFAULT_SECONDS
    if type(written) in {int, float} and written > 0:
        return float(written)
    return parse_duration(str(written)) / SECOND


def _print(result: Result, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(asdict(result), ensure_ascii=False))
        return
    typer.echo(f"{result.outcome:6}  {result.id}  {result.seconds:.2f} s")
    for line in result.message.splitlines():
        typer.echo(f"        {line}")
