"""`actorflow run query`: what a durable run is asked while it goes on. All of it needs a running node."""

from __future__ import annotations

from typing import Annotated

import typer

from actorflow.cli.argument import parse_args, parse_seconds
from actorflow.cli.option import Arguments, AsJson, Data, Directory, Overrides, Timeout
from actorflow.cli.output import print_value
from actorflow.cli.place import Place

Run = Annotated[str, typer.Argument(metavar="RUN", help="A PID, a workflow id or a run id.")]
Name = Annotated[str, typer.Argument(metavar="NAME")]


def query(  # noqa: PLR0913, PLR0917 - the options of the verb
    run: Run,
    name: Name,
    args: Arguments = None,
    timeout: Timeout = "30s",
    as_json: AsJson = False,  # noqa: FBT002 - typer makes flags of booleans
    directory: Directory = None,
    data: Data = None,
    override: Overrides = None,
) -> None:
    """Ask a run something that changes nothing: pid, state, where, waits, inbox, seq, or what its script answers."""
    client, arguments = Place.of(directory, data, override).client(), parse_args(args or ())
    print_value(client.query(run, name, *arguments, timeout=parse_seconds(timeout)), as_json=as_json)
