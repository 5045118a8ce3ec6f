"""`actorflow registry …`: what the stores keep of registries: the sources that runs are pinned to."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer

from actorflow.cli.option import AsJson, Data, Directory, Overrides
from actorflow.cli.output import print_json
from actorflow.cli.place import Place

app = typer.Typer(no_args_is_help=True, help="Look after the sources that runs are pinned to: gc.")


@app.callback()
def _registry() -> None:
    """Make it a group, though it has one verb."""


@app.command()
def gc(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be removed, and remove nothing.")] = False,  # noqa: FBT002
    as_json: AsJson = False,  # noqa: FBT002 - typer makes flags of booleans
    directory: Directory = None,
    data: Data = None,
    override: Overrides = None,
) -> None:
    """Remove the stored sources that no run refers to, open or kept; beside a running node too."""
    from actorflow.store.opening import open_store  # noqa: PLC0415 - loads the database modules

    found = []
    for database in Place.of(directory, data, override).databases().values():
        with closing(open_store(database)) as store:
            found += [(database.place, name, size) for name, size in store.collect_sources(dry_run=dry_run)]
    if as_json:
        print_json([{"store": place, "source": name, "bytes": size} for place, name, size in found])
        return
    for place, name, size in found:
        typer.echo(f"{place}: {name[:16]}…  {size} bytes")
    verb = "would be removed" if dry_run else "removed"
    typer.echo(f"{len(found)} sources {verb}, {sum(size for _, _, size in found)} bytes")
