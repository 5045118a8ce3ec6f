"""`actorflow backup` and `actorflow restore`: copies of the stores, made beside a running node, and brought back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from actorflow.cli.failing import FAILED, Ending
from actorflow.cli.option import AsJson, Data, Directory, Overrides
from actorflow.cli.output import print_json
from actorflow.cli.place import Place
from actorflow.errors import invalid, not_found
from actorflow.node.data import DataDirectory

if TYPE_CHECKING:
    from actorflow.store.dialect import Sqlite

Target = Annotated[Path, typer.Argument(metavar="FILE|DIR", help="A new file (*.db), or a directory for all stores.")]
Source = Annotated[Path | None, typer.Argument(metavar="[FILE|DIR]", help="What `backup` made.", show_default=False)]
Activate = Annotated[bool, typer.Option("--activate", help="Let hosts serve it: the original is stopped for good.")]


def backup(
    target: Target,
    as_json: AsJson = False,  # noqa: FBT002 - typer makes flags of booleans
    directory: Directory = None,
    data: Data = None,
    override: Overrides = None,
) -> None:
    """Copy the stores as they are at this moment, beside a running node or without one."""
    from actorflow.store.backup import back_up, targets  # noqa: PLC0415 - loads the database modules

    place = Place.of(directory, data, override)
    files = targets(place.databases(), target)
    sizes = {str(file): back_up(database, file) for file, database in files.items()}
    if as_json:
        print_json([{"file": file, "bytes": size} for file, size in sizes.items()])
    else:
        for file, size in sizes.items():
            typer.echo(f"{file}  {size} bytes")


def restore(  # noqa: PLR0913, PLR0917 - the options of the verb
    source: Source = None,
    activate: Activate = False,  # noqa: FBT002
    as_json: AsJson = False,  # noqa: FBT002
    directory: Directory = None,
    data: Data = None,
    override: Overrides = None,
) -> None:
    """Lay a backup down in an empty data directory and verify it; without FILE, activate what was restored before."""
    from actorflow.store.epoch import activate as activate_store  # noqa: PLC0415
    from actorflow.store.examine import examine  # noqa: PLC0415

    place = Place.of(directory, data, override)
    if source is None and not activate:
        raise invalid("name the backup to restore, or give --activate for one that was restored before")
    with DataDirectory.claim(place.data):
        if source is not None:
            _lay_down(place, source)
        databases = place.files()
        faults = [fault for database in databases for fault in examine(database)] if source is not None else []
        activated = [database.place for database in databases if activate and not faults and activate_store(database)]
    _told(databases, activated, [f"{fault.file}: {fault.what}" for fault in faults], as_json=as_json)
    if faults:
        raise Ending(FAILED)


def _lay_down(place: Place, source: Path) -> None:
    from actorflow.store.backup import name_of, restore  # noqa: PLC0415

    paths = place.paths()
    if source.is_file():
        restore(source, paths[""])
        return
    found = {name: source / name_of(name) for name in paths if (source / name_of(name)).is_file()}
    if not found:
        wanted = ", ".join(name_of(name) for name in paths)
        raise not_found(f"{source}: no backup there; expected {wanted}")
    for name, file in found.items():
        restore(file, paths[name])


def _told(databases: list[Sqlite], activated: list[str], faults: list[str], *, as_json: bool) -> None:
    if as_json:
        print_json({"stores": [item.place for item in databases], "activated": activated, "faults": faults})
        return
    for fault in faults:
        typer.echo(f"{fault}; see `actorflow doctor`")
    for database in databases:
        if database.place in activated:
            typer.echo(f"{database.place}: activated; `actorflow up` serves its runs")
        else:
            typer.echo(f"{database.place}: sound" if not faults else f"{database.place}: not activated")
    if not activated and not faults:
        typer.echo("nothing of it runs before `actorflow restore --activate`", err=True)
