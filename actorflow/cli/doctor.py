"""`actorflow doctor`: examine the stores of a data directory, and repair what can be repaired."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from actorflow.cli.failing import FAILED, Ending
from actorflow.cli.option import AsJson, Data, Directory, Overrides, Positional, one_directory
from actorflow.cli.output import print_json
from actorflow.cli.place import Place
from actorflow.node.data import DataDirectory

if TYPE_CHECKING:
    from actorflow.store.database import Database
    from actorflow.store.examine import Fault

Repair = Annotated[bool, typer.Option("--repair", help="Repair what can be; no node may be using the directory.")]


def doctor(  # noqa: PLR0913, PLR0917 - the options of the verb
    registry: Positional = None,
    repair: Repair = False,  # noqa: FBT002 - typer makes flags of booleans
    as_json: AsJson = False,  # noqa: FBT002
    directory: Directory = None,
    data: Data = None,
    override: Overrides = None,
) -> None:
    """Verify every run, source and index of the stores; exit code 1 with a line for each fault."""
    from actorflow.store.examine import examine  # noqa: PLC0415 - loads the database modules

    place = Place.of(one_directory(registry, directory), data, override)
    databases = list(place.databases().values())
    done: list[str] = []
    if repair:
        with DataDirectory.claim(place.data):
            done = [f"{database.place}: {text}" for database in databases for text in _repaired(database)]
    faults = [fault for database in databases for fault in examine(database)]
    if as_json:
        print_json({"repaired": done, "faults": [fault._asdict() for fault in faults]})
    else:
        _print(databases, done, faults)
    if faults:
        raise Ending(FAILED)


def _repaired(database: Database) -> list[str]:
    from actorflow.store.examine import examine  # noqa: PLC0415
    from actorflow.store.mend import mend  # noqa: PLC0415

    return mend(database, list(examine(database)), time.time_ns())


def _print(databases: Sequence[Database], done: Iterable[str], faults: Sequence[Fault]) -> None:
    for text in done:
        typer.echo(f"repaired: {text}")
    for fault in faults:
        typer.echo(_line(fault))
    sound = {str(database.place) for database in databases} - {fault.file for fault in faults}
    for place in sorted(sound):
        typer.echo(f"{place}: sound", err=True)


def _line(fault: Fault) -> str:
    where = [fault.file]
    if fault.run:
        where.append(f"run {fault.run}" + (f" ({fault.workflow_id})" if fault.workflow_id else ""))
    if fault.seq:
        where.append(f"event {fault.seq}")
    return f"{': '.join(where)}: {fault.what}; {fault.advice}"
