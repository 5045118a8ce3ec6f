"""`actorflow hooks` and `actorflow hook …`: who is told of changes of state, and what could not be delivered."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from actorflow.cli.option import AsJson, Data, Directory
from actorflow.cli.output import print_json, print_rows
from actorflow.cli.place import Place

app = typer.Typer(no_args_is_help=True, help="Look after one hook: dead, redrive.")

Hook = Annotated[str, typer.Argument(metavar="ID", help="Registry id of the hook.")]
_COLUMNS: Final = ("id", "call", "host", "on", "behind", "waiting", "dead")
_DEAD: Final = ("id", "state", "pid", "at", "attempts", "failure")


def hooks(as_json: AsJson = False, directory: Directory = None, data: Data = None) -> None:  # noqa: FBT002
    """List the hooks of the running node: how far each is behind, what it tries again, what it gave up."""
    rows = Place.of(directory, data).client().request("hooks", {})
    print_rows(rows, _COLUMNS, as_json=as_json, empty="no hooks")


@app.command()
def dead(
    hook: Hook,
    as_json: AsJson = False,  # noqa: FBT002 - typer makes flags of booleans
    directory: Directory = None,
    data: Data = None,
) -> None:
    """List the deliveries that were given up after `retry.max_attempts`."""
    rows = Place.of(directory, data).client().request("hook.dead", {"id": hook})
    print_rows(rows, _DEAD, as_json=as_json, empty="no dead deliveries")


@app.command()
def redrive(
    hook: Hook,
    as_json: AsJson = False,  # noqa: FBT002
    directory: Directory = None,
    data: Data = None,
) -> None:
    """Try every dead delivery again, from its first attempt."""
    count = Place.of(directory, data).client().request("hook.redrive", {"id": hook})
    if as_json:
        print_json(count)
    else:
        typer.echo(f"{count} deliveries are tried again")
