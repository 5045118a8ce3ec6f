"""`actorflow run repin`: a paused run goes on with another source."""

from __future__ import annotations

import getpass
from typing import Annotated, Any

import typer

from actorflow.cli.option import AsJson, Data, Directory, Overrides
from actorflow.cli.output import line_of, print_json
from actorflow.cli.place import Place

_REGISTERED = "registered"


def repin(  # noqa: PLR0913, PLR0917 - the options of the verb
    run: Annotated[str, typer.Argument(metavar="RUN", help="A PID, a workflow id or a run id.")],
    source: Annotated[str, typer.Option("--source", metavar="HASH|registered", help="The source to go on with.")],
    as_json: AsJson = False,  # noqa: FBT002 - typer makes flags of booleans
    directory: Directory = None,
    data: Data = None,
    override: Overrides = None,
) -> None:
    """Pin a paused run to another source and resume it: one that is stored, or what the registry says now.

    A run whose journal does not fit the source is paused again; `actorflow check` says beforehand whether it does.
    """
    from actorflow.app import read_registry  # noqa: PLC0415 - loads the languages

    place = Place.of(directory, data, override)
    args: dict[str, Any] = {"run": run, "source": source, "by": getpass.getuser()}
    if source == _REGISTERED:
        entry = place.ask("run.show", {"run": run})["entry"]
        bundle = read_registry(place.directory, place.overrides).bundle(entry)
        args |= {"source": bundle.hash, "bundle": bundle.data}
    answer = place.ask("run.repin", args)
    if as_json:
        print_json(line_of(answer))
        return
    typer.echo(f"{answer['pid']}: {answer['state']} → {answer['to']}, pinned to {args['source'][:16]}…")
