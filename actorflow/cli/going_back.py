"""`actorflow run show --at` and `run timeline`: a run as it was, and what it did when."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import typer

from actorflow.cli.capsule import fetched
from actorflow.cli.output import line_of, print_fields, print_json, print_rows
from actorflow.clock import instant_of

if TYPE_CHECKING:
    from actorflow.cli.place import Place
    from actorflow.store.capsule import Capsule

_FIELDS: Final = (
    *("pid", "run_id", "entry", "host", "state", "seq", "at", "args", "result", "error"),
    *("search_attributes", "memo", "tokens", "versions"),
)
_LINE: Final = ("seq", "kind", "name", "start", "duration", "attempts", "outcome")
_OTHERS: Final = 60
"""Columns of a terminal that are left to everything but the bars."""
_SHORTEST: Final = 16
_LONGEST: Final = 60
_INSTANTS: Final = frozenset({"start", "end", "since", "due"})


def show_past(place: Place, run: str, seq: int, *, as_json: bool) -> None:
    """Print a run as it was after an event of its journal."""
    print_past(fetched(place, run), seq, as_json=as_json)


def print_past(capsule: Capsule, seq: int, *, as_json: bool) -> None:
    """Print a run as it was: what the journal says, and what a replay up to there shows."""
    from actorflow.app import debugger_of, moment_of  # noqa: PLC0415 - loads the languages
    from actorflow.store.past import other_source, past, until  # noqa: PLC0415

    was = past(capsule, seq)
    debugger = debugger_of(until(capsule, seq))
    try:
        debugger.goto(len(debugger.steps))
        seen = moment_of(debugger)
    finally:
        debugger.close()
    was |= {name: seen[name] for name in ("inbox", "fault")}
    other = other_source(capsule, seq)
    if was["fault"] and other and other not in capsule.older:
        was["fault"] = (
            f"it went by source {other[:16]}… then, which is not kept any more: where its script stood is not known"
        )
    was["timers"] = [line for line in seen["requests"] if "due" in line]
    was["tasks"] = [{name: task[name] for name in ("task", "place", "waits")} for task in seen["tasks"]]
    if as_json:
        lists = {name: [_told(line) for line in was.pop(name)] for name in ("steps", "requests", "timers")}
        print_json({**line_of(was), **lists})
        return
    print_fields({name: was[name] for name in _FIELDS})
    for task in was["tasks"]:
        typer.echo(f"task {task['task']}  {task['place'] or '-'}  waits: {task['waits']}")
    for message in was["inbox"]:
        typer.echo(f"inbox  {message['topic']}")
    typer.echo()
    print_rows([_told(line) for line in was["steps"] + was["requests"]], _LINE, as_json=False, empty="no steps")
    if was["fault"]:
        typer.echo(was["fault"])


def print_timeline(capsule: Capsule, *, as_json: bool) -> None:
    """Print what a run did when: bars on a terminal, else columns."""
    from actorflow.store.timeline import timeline  # noqa: PLC0415

    lines = timeline(capsule.held)
    if as_json:
        print_json([_told(line) for line in lines])
    elif sys.stdout.isatty() and lines:
        _print_bars(lines)
    else:
        print_rows([_told(line) for line in lines], _LINE, as_json=False, empty="nothing has begun yet")


def _told(line: dict[str, Any]) -> dict[str, Any]:
    return {name: instant_of(value) if name in _INSTANTS and value else value for name, value in line.items()}


def _print_bars(lines: list[dict[str, Any]]) -> None:
    from rich.console import Console  # noqa: PLC0415 - costs a tenth of a second
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    first = min(line["start"] for line in lines)
    last = max(line["end"] or line["start"] for line in lines)
    console = Console()
    width = max(_SHORTEST, min(console.width - _OTHERS, _LONGEST))
    table = Table("", "kind", "name", "duration", "attempts", "outcome", header_style="bold")
    for line in lines:
        took = "-" if line["duration"] is None else f"{line['duration']:.3f} s"
        style = "red" if line["outcome"].startswith("failed") else "yellow" if line["end"] is None else "green"
        cells = (line["kind"], line["name"], took, str(line["attempts"] or "-"), line["outcome"])
        table.add_row(Text(bar(line, first, last, width), style=style), *(Text(cell) for cell in cells))
    table.columns[0].min_width = width
    console.print(table)


def bar(line: dict[str, Any], first: int, last: int, width: int) -> str:
    """Return the bar of a line, of the time between `first` and `last`; an open one goes on to the end."""
    span = max(last - first, 1)
    begin: int = min((line["start"] - first) * width // span, width - 1)
    end: int = width if line["end"] is None else min((line["end"] - first) * width // span + 1, width)
    return " " * begin + "━" * max(end - begin, 1)
