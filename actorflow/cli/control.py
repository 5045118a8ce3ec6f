"""`actorflow run pause|resume|…`: what an operator does to one run, or to all runs that match."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from typing import Annotated, Any, Final

import typer

from actorflow.cli.failing import CONFLICT, Ending
from actorflow.cli.grouping import Filter, grouped
from actorflow.cli.option import AsJson
from actorflow.cli.output import line_of, print_json, print_rows
from actorflow.cli.place import Place

Run = Annotated[str, typer.Argument(metavar="[RUN]", help="A PID, a workflow id or a run id; or name a filter.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, for the history of the run.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Change nothing; print what would be changed.")]
Since = Annotated[str, typer.Option("--from", metavar="SEQ|STEP", help="The step to begin again with.")]
Keep = Annotated[bool, typer.Option("--keep-attempts", help="Go on counting the attempts of its calls.")]
_COLUMNS: Final = ("pid", "state", "to", "error")


def register(app: typer.Typer) -> None:
    """Add the verbs to the group of verbs about runs."""
    for verb, text in _PLAIN.items():
        app.command(verb, help=text)(_command(verb))
    app.command("resume")(resume)
    app.command("retry")(retry)


_PLAIN: Final = {
    "pause": "Stop a run until it is resumed; what arrives meanwhile is stored.",
    "cancel": "Ask a run to stop; its script may clean up. A paused run is resumed for that.",
    "terminate": "End a run without running any more of its code.",
    "delete-data": "Remove the payloads of an ended run, and keep that it was and how it went.",
    "purge": "Remove an ended run whole.",
}


def _command(verb: str) -> Callable[..., None]:
    def command(  # noqa: PLR0913 - the options of the verb
        run: Run = "",
        reason: Reason = "",
        *,
        which: Filter,
        dry_run: DryRun = False,
        as_json: AsJson = False,
        place: Place,
    ) -> None:
        _act(place, verb, run, which, dry_run=dry_run, as_json=as_json, reason=reason)

    return grouped(command)


@grouped
def resume(  # noqa: PLR0913 - the options of the verb
    run: Run = "",
    reason: Reason = "",
    *,
    keep_attempts: Keep = False,
    which: Filter,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    place: Place,
) -> None:
    """Let a paused run go on: with what arrived meanwhile, and with timers that are due by now."""
    _act(place, "resume", run, which, dry_run=dry_run, as_json=as_json, reason=reason, keep_attempts=keep_attempts)


@grouped
def retry(  # noqa: PLR0913 - the options of the verb
    run: Run = "",
    since: Since = "",
    reason: Reason = "",
    *,
    which: Filter,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    place: Place,
) -> None:
    """Open a failed run again and repeat the call it failed over; what succeeded before is kept."""
    _act(place, "retry", run, which, dry_run=dry_run, as_json=as_json, reason=reason, since=since)


def _act(  # noqa: PLR0913 - the parts of a request
    place: Place, verb: str, run: str, which: Filter, *, dry_run: bool, as_json: bool, **more: Any
) -> None:
    if bool(run) == bool(which):
        message = (
            f"run {verb}: got {'both' if run else 'neither'} RUN and a filter, expected one of them, such as --state"
        )
        raise typer.BadParameter(message)
    more["by"] = getpass.getuser()
    if run and dry_run:
        message = "--dry-run is for many runs at once: name a filter, such as --prefix, instead of a run"
        raise typer.BadParameter(message)
    if run:
        print_changes([place.ask("run.change", {"verb": verb, "run": run, **more})], verb, as_json=as_json, single=True)
        return
    lines = place.ask("runs.change", {"verb": verb, "dry_run": dry_run, **which, **more})
    print_changes(lines, verb, as_json=as_json)


def print_changes(lines: list[dict[str, Any]], verb: str, *, as_json: bool, single: bool = False) -> None:
    """Print what became of runs: a sentence for a `single` one, else a table.

    Raises:
        Ending: with the exit code of a conflict, when one could not be changed.
    """
    if single and as_json:
        print_json(line_of(lines[0]))
    elif single:
        typer.echo(f"{lines[0]['pid']} was {lines[0]['state']}, is {lines[0]['to']}")
    else:
        print_rows(lines, _COLUMNS, as_json=as_json, empty=f"no run that matches can be asked to {verb}")
    if any("error" in line for line in lines):
        raise Ending(CONFLICT)
