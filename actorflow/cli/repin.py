"""`actorflow run repin`: a paused run goes on with another source."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from actorflow.cli.option import AsJson, Data, Directory, Overrides
from actorflow.cli.output import line_of, print_json
from actorflow.cli.place import Place

if TYPE_CHECKING:
    from actorflow.bundle import Bundle

REGISTERED = "registered"


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
    place = Place.of(directory, data, override)
    args: dict[str, Any] = {"run": run, "source": source, "by": getpass.getuser()}
    if source == REGISTERED:
        bundle = registered(place, run)
        args |= {"source": bundle.hash, "bundle": bundle.data}
    answer = place.ask("run.repin", args)
    if as_json:
        print_json(line_of(answer))
        return
    typer.echo(f"{answer['pid']}: {answer['state']} → {answer['to']}, pinned to {args['source'][:16]}…")


def registered(place: Place, run: str) -> Bundle:
    """Return the source that the registry has now for the entry of a run."""
    from actorflow.app import read_registry  # noqa: PLC0415 - loads the languages

    entry = place.ask("run.show", {"run": run})["entry"]
    return read_registry(place.directory, place.overrides).bundle(entry)
