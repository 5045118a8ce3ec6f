"""`actorflow run accept`: a paused run goes on with a source that does not repeat its journal."""

from __future__ import annotations

import getpass
import sys
from typing import Annotated, Any, Final

import typer

from actorflow.cli.control import DryRun, Reason, Run
from actorflow.cli.failing import CONFLICT, Ending
from actorflow.cli.grouping import Filter, grouped
from actorflow.cli.option import AsJson
from actorflow.cli.output import line_of, print_json, print_rows
from actorflow.cli.place import Place
from actorflow.cli.repin import REGISTERED, registered
from actorflow.run.verdict import WAYS_OUT

Source = Annotated[
    str, typer.Option("--source", metavar="HASH|registered", help="The source to go on with; else the pinned one.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing: what the dropped part did has been looked at.")]
_COLUMNS: Final = ("seq", "kind", "name", "outcome")


@grouped
def accept(  # noqa: PLR0913 - the options of the verb
    run: Run = "",
    source: Source = "",
    reason: Reason = "",
    *,
    which: Filter,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
    place: Place,
) -> None:
    """Drop what the journal of a paused run has from where its source differs, and go on with that source.

    What the dropped part did to the world has happened, and is not undone: it is listed before anything is changed.
    Signals and answers that came after that point arrive again. With a filter, all runs paused for nondeterminism.
    """
    if bool(run) == bool(which):
        message = f"got {'both' if run else 'neither'} RUN and a filter, expected one of them, such as --prefix"
        raise typer.BadParameter(message)
    if which and source:
        message = "--source is for one run: repin many runs first, and accept those that are paused over that"
        raise typer.BadParameter(message)
    verb, asked = ("run.accept", _asked(place, run, source)) if run else ("runs.accept", dict(which))
    asked |= {"reason": reason, "by": getpass.getuser()}
    if not dry_run and not yes:
        asked |= _confirmed(place, verb, asked)
    answer = place.ask(verb, {**asked, "dry_run": dry_run})
    lines = [answer] if run else answer
    if as_json:
        shown = [_plain(line) for line in lines]
        print_json(shown[0] if run else shown)
    else:
        _print(lines, told=dry_run or yes)
    if any("error" in line for line in lines):
        raise Ending(CONFLICT)


def _asked(place: Place, run: str, source: str) -> dict[str, Any]:
    if source != REGISTERED:
        return {"run": run, "source": source}
    bundle = registered(place, run)
    return {"run": run, "source": bundle.hash, "bundle": bundle.data}


def _confirmed(place: Place, verb: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Say what would be dropped, and ask; returns what the run must be at still."""
    if not sys.stdin.isatty():
        message = "nobody can be asked here: look at --dry-run, then give --yes"
        raise typer.BadParameter(message)
    answer = place.ask(verb, {**asked, "dry_run": True})
    _print([answer] if "run" in asked else answer, told=True)
    typer.confirm("Drop this, and go on?", abort=True)
    return {"revision": answer["revision"]} if "run" in asked else {}


def _plain(line: dict[str, Any]) -> dict[str, Any]:
    plain = line_of(line)
    if "happened" in line:
        plain["happened"] = [line_of(item) for item in line["happened"]]
    return plain


def _print(lines: list[dict[str, Any]], *, told: bool) -> None:
    if not lines:
        typer.echo("no run that matches is paused because its source does not repeat its journal")
    for line in lines:
        if "error" in line:
            typer.echo(f"{line['pid']} stays {line['state']}: {line['error']}")
            continue
        if told:
            _print_dropped(line)
        would = "would be" if line.get("dry_run") else "is"
        typer.echo(f"{line['pid']} was {line['state']}, {would} {line['to']}")


def _print_dropped(line: dict[str, Any]) -> None:
    typer.echo(f"{line['pid']}: {line['report'].partition(WAYS_OUT)[0].rstrip()}")
    last = line["cut"] + line["dropped"] - 1
    typer.echo(f"dropped: {line['dropped']} events, {line['cut']} to {last}")
    if line["happened"]:
        typer.echo("they did this, which has happened and is not undone:")
        print_rows(line["happened"], _COLUMNS, as_json=False, empty="")
    if line["again"]:
        typer.echo(f"arrives again: {', '.join(line['again'])}")
