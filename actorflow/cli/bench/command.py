"""`actorflow bench`: measure this machine."""

from __future__ import annotations

import json
import platform
from pathlib import Path
from typing import Annotated, Final

import trio
import typer
from rich.console import Console

from actorflow.cli.bench.beside import LIMIT, peers_of
from actorflow.cli.bench.result import table_of
from actorflow.cli.bench.run import measure

_WIDTH: Final = 150
"""Columns that the table needs."""


def bench(  # noqa: PLR0913, PLR0917 - the options of the verb
    runs: Annotated[int, typer.Option(min=1, help="how often each workload is run")] = 3,
    only: Annotated[str, typer.Option(help="run the workloads whose name contains this")] = "",
    size: Annotated[int, typer.Option(min=0, help="how many runs or events the workloads of scale hold")] = 0,
    store: Annotated[
        str, typer.Option(help="URL of a PostgreSQL for the workloads `cluster/…`; else one is started for them")
    ] = "",
    beside: Annotated[
        list[str] | None, typer.Option(metavar="NAME=COMMAND", help="another engine's program, run in turns with ours")
    ] = None,
    beside_limit: Annotated[
        int, typer.Option(min=1, help="seconds that one run of another engine's program may take")
    ] = LIMIT,
    compare: Annotated[Path | None, typer.Option(help="a file that an earlier `--json` wrote")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON document")] = False,  # noqa: FBT002
) -> None:
    """Measure what this machine does, beside what its parts can do at best."""
    talk = Console(stderr=True)
    peers = peers_of(beside or [], beside_limit)
    results = trio.run(measure, runs, only, size, lambda name: talk.print(f"[dim]{name}[/dim]"), store, peers)
    if as_json:
        machine = {"machine": platform.platform(), "python": platform.python_version()}
        typer.echo(json.dumps(machine | {"results": [result.plain() for result in results]}, indent=2))
        return
    before = {}
    if compare is not None:
        before = {entry["name"]: entry["median"] for entry in json.loads(compare.read_text())["results"]}
    Console(width=max(Console().width, _WIDTH)).print(table_of(results, before))
