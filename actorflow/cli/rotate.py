"""`actorflow rotate-keys`: put what the stores hold under the active key."""

from __future__ import annotations

import typer

from actorflow.cli.option import AsJson, Data, Directory, Overrides
from actorflow.cli.output import print_json
from actorflow.cli.place import Place
from actorflow.errors import invalid


def rotate_keys(
    as_json: AsJson = False,  # noqa: FBT002 - typer makes flags of booleans
    directory: Directory = None,
    data: Data = None,
    override: Overrides = None,
) -> None:
    """Put every value of the stores under `encryption.active`, beside a running node; goes on where it stopped."""
    from actorflow.store.rotate import rotate  # noqa: PLC0415 - loads the database modules

    found = Place.of(directory, data, override).databases().values()
    databases = [database for database in found if database.vault.keyring is not None]
    if not databases:
        raise invalid("no store has keys: give its workflow host `encryption`")
    changed = {database.place: rotate(database) for database in databases}
    if as_json:
        print_json([{"store": store, "rows": rows} for store, rows in changed.items()])
        return
    for store, rows in changed.items():
        typer.echo(f"{store}: {rows} rows put under the active key; the other keys are not used any more")
