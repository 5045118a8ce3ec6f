"""`actorflow demo`: run the example application and kill its node on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from actorflow.cli.demo.run import Demo


def demo(
    directory: Annotated[Path, typer.Argument(help="the example application's registry")] = Path("config"),
    kills: Annotated[int, typer.Option(min=0, help="how often the node is killed")] = 1,
    seed: Annotated[int | None, typer.Option(help="seed of the moments of the kills")] = None,
) -> None:
    """Process a few hundred orders, kill the node while they are in flight, and prove what happened."""
    raise typer.Exit(Demo(directory, kills, seed, Console()).run())
