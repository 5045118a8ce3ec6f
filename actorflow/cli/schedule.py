"""`actorflow schedules` and `actorflow schedule …`: what starts by itself, and moving it by hand."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from actorflow.cli.option import AsJson, Data, Directory
from actorflow.cli.output import line_of, print_fields, print_json, print_rows
from actorflow.cli.place import Place
from actorflow.duration import SECOND
from actorflow.errors import invalid
from actorflow.value import Value

app = typer.Typer(no_args_is_help=True, help="Act on one schedule: pause, resume, trigger, backfill.")

Schedule = Annotated[str, typer.Argument(metavar="ID", help="Registry id of the schedule.")]
_COLUMNS: Final = ("id", "target", "times", "paused", "next_start", "last", "starts", "skips")
_FIELDS: Final = ("id", "target", "host", "times", "paused", "reason", "by", "next_start", "last", "starts", "skips")


def schedules(as_json: AsJson = False, directory: Directory = None, data: Data = None) -> None:  # noqa: FBT002
    """List the schedules of the running node: when each starts something next, and what it did."""
    rows = Place.of(directory, data).client().request("schedules", {})
    print_rows(rows, _COLUMNS, as_json=as_json, empty="no schedules")


@app.command()
def pause(
    schedule: Schedule,
    reason: Annotated[str, typer.Option("--reason", help="Why, for whoever looks at it.", show_default=False)] = "",
    as_json: AsJson = False,  # noqa: FBT002 - typer makes flags of booleans
    directory: Directory = None,
    data: Data = None,
) -> None:
    """Start nothing from now on, also after a restart; what is due meanwhile is not caught up."""
    request = {"id": schedule, "reason": reason, "by": getpass.getuser()}
    _show(Place.of(directory, data).client().request("schedule.pause", request), as_json=as_json)


@app.command()
def resume(
    schedule: Schedule,
    as_json: AsJson = False,  # noqa: FBT002
    directory: Directory = None,
    data: Data = None,
) -> None:
    """Start again with what is due next."""
    request = {"id": schedule, "by": getpass.getuser()}
    _show(Place.of(directory, data).client().request("schedule.resume", request), as_json=as_json)


@app.command()
def trigger(
    schedule: Schedule,
    as_json: AsJson = False,  # noqa: FBT002
    directory: Directory = None,
    data: Data = None,
) -> None:
    """Start a run now, as if it were due; overlap counts."""
    pid = Place.of(directory, data).client().request("schedule.trigger", {"id": schedule})
    _say([pid] if pid else [], as_json=as_json)


@app.command()
def backfill(  # noqa: PLR0913, PLR0917 - the options of the verb
    schedule: Schedule,
    begin: Annotated[str, typer.Option("--from", help="First instant, RFC 3339, such as 2026-03-01T00:00:00Z.")],
    end: Annotated[str, typer.Option("--to", help="Last instant, RFC 3339.")],
    as_json: AsJson = False,  # noqa: FBT002
    directory: Directory = None,
    data: Data = None,
) -> None:
    """Start what was due in a window of the past and has not been started."""
    request = {"id": schedule, "begin": _instant("--from", begin), "end": _instant("--to", end)}
    _say(Place.of(directory, data).client().request("schedule.backfill", request), as_json=as_json)


def _instant(option: str, text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        expected = "an instant such as 2026-03-01T00:00:00Z"
        raise invalid(f"option {option}: got {text!r}, expected {expected}") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * SECOND)


def _show(line: dict[str, Value], *, as_json: bool) -> None:
    shown = {name: line[name] for name in _FIELDS}
    if as_json:
        print_json(line_of(shown))
    else:
        print_fields(shown)


def _say(pids: list[str], *, as_json: bool) -> None:
    if as_json:
        print_json(pids)
        return
    for pid in pids:
        typer.echo(pid)
    if not pids:
        typer.echo("nothing was started: the run of an earlier slot goes on, or there was one already")
