"""`actorflow cluster dev`: several nodes on this machine, for trying and for tests; ^C stops them all in order."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from actorflow.cli.failing import FAILED, Ending
from actorflow.cli.option import Data, Overrides
from actorflow.cli.place import Place

app = typer.Typer(no_args_is_help=True, help="Several nodes that share their runs: dev.")

Count = Annotated[int, typer.Option("--nodes", "-n", min=1, max=64, help="How many nodes.")]
DatabaseUrl = Annotated[
    str,
    typer.Option(
        "--database",
        metavar="URL",
        envvar="ACTORFLOW_DATABASE",
        help="What the nodes share; default: a PostgreSQL of its own.",
        show_default=False,
    ),
]


@app.callback()
def _group() -> None:
    """Keep `dev` a verb of its own."""


@app.command()
def dev(
    directory: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="The registry.", show_default=False)] = None,
    count: Count = 3,
    database: DatabaseUrl = "",
    data: Data = None,
    override: Overrides = None,
) -> None:
    """Start nodes of one registry on this machine that share one database, and show what they say."""
    import trio  # noqa: PLC0415 - the other verbs do not need it

    from actorflow.cli.cluster_dev import Cluster  # noqa: PLC0415

    place = Place.of(directory, data, override)
    cluster = Cluster(place, place.data / "cluster", count, database)
    if not trio.run(cluster.run):
        raise Ending(FAILED)
