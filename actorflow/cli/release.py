"""`actorflow run release`: runs that were started on hold, or are in a queue that nobody serves, begin."""

from __future__ import annotations

import getpass
from typing import Annotated, Any

import typer

from actorflow.cli.control import DryRun, Reason, print_changes
from actorflow.cli.grouping import FilterOfState, grouped
from actorflow.cli.option import AsJson
from actorflow.cli.place import Place
from actorflow.errors import Error


@grouped
def release(  # noqa: PLR0913 - the options of the verb
    runs: Annotated[
        list[str] | None, typer.Argument(metavar="RUN", help="PIDs, workflow ids or run ids; or name a filter.")
    ] = None,
    *,
    due: Annotated[bool, typer.Option("--due", help="All that may begin by now.")] = False,
    queue: Annotated[str, typer.Option("--queue", help="All in this queue.", show_default=False)] = "",
    reason: Reason = "",
    which: FilterOfState,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    place: Place,
) -> None:
    """Let runs begin that were started with --hold, or whose queue no host serves: those named, or all that match."""
    given = {**which, "queue": queue} if queue else dict(which)
    chosen = {**given, "state": "created", "due": due} if due or given else {}
    if bool(runs) == bool(chosen):
        message = (
            f"run release: got {'both' if runs else 'neither'} RUN and a filter, expected one of them, such as --due"
        )
        raise typer.BadParameter(message)
    if runs and dry_run:
        message = "--dry-run is for many runs at once: name a filter, such as --due, instead of runs"
        raise typer.BadParameter(message)
    asked = {"verb": "release", "reason": reason, "by": getpass.getuser()}
    if runs:
        _named(place, runs, asked, as_json=as_json)
        return
    lines = place.ask("runs.change", {**asked, **chosen, "dry_run": dry_run})
    print_changes(lines, "release", as_json=as_json)


def _named(place: Place, runs: list[str], asked: dict[str, Any], *, as_json: bool) -> None:
    """Release runs one by one, and print a line for each; the others are released when one is refused."""
    if len(runs) == 1:
        print_changes([place.ask("run.change", {**asked, "run": runs[0]})], "release", as_json=as_json, single=True)
        return
    print_changes([_line(place, run, asked) for run in runs], "release", as_json=as_json)


def _line(place: Place, run: str, asked: dict[str, Any]) -> dict[str, Any]:
    try:
        line: dict[str, Any] = place.ask("run.change", {**asked, "run": run})
    except Error as error:
        return {"pid": run, "state": "", "to": "", "error": error.message}
    return line
