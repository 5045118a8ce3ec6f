"""`actorflow verify`: runs workflows on several hosts and compares what comes of them."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from actorflow.cli.argument import parse_seconds
from actorflow.cli.failing import FAILED, NOT_FOUND, Ending
from actorflow.cli.option import Overrides, Timeout
from actorflow.cli.place import Place
from actorflow.errors import Error

Hosts = Annotated[list[str], typer.Option("--host", help="A host to run them on; give it twice or more.")]


def verify(  # noqa: PLR0913, PLR0917 - the options of the verb
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The registry.")],
    filters: Annotated[list[str] | None, typer.Argument(metavar="[FILTER]…", help="Part of an entry's id.")] = None,
    host: Hosts = [],  # noqa: B006 - typer copies it
    timeout: Timeout = "30s",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,  # noqa: FBT002
    override: Overrides = None,
) -> None:
    """Run each workflow on every host named, in a fresh data directory, and compare results, failures and effects.

    The arguments are those of `meta.verify` of the entry: a list of cases with args and messages.
    """
    import trio  # noqa: PLC0415

    if len(dict.fromkeys(host)) < 2:  # noqa: PLR2004 - there is nothing to compare with
        message = "verify compares hosts: name two or more with --host"
        raise typer.BadParameter(message)
    with tempfile.TemporaryDirectory(prefix="actorflow-verify-") as data:
        place = Place.of(directory, Path(data), override)
        counts = trio.run(_run, place, filters or [], list(dict.fromkeys(host)), parse_seconds(timeout), as_json)
    if not as_json:
        typer.echo(f"{counts['equal']} equal, {counts['different']} different")
    if not sum(counts.values()):
        typer.echo("no workflows: expected entries of kind workflow.lua or workflow.py", err=True)
        raise Ending(NOT_FOUND)
    if counts["different"]:
        raise Ending(FAILED)


async def _run(
    place: Place,
    filters: list[str],
    hosts: list[str],
    seconds: float,
    as_json: bool,  # noqa: FBT001 - trio passes arguments by position
) -> dict[str, int]:
    from actorflow.node import verifying  # noqa: PLC0415 - loads the node

    counts = {"equal": 0, "different": 0}
    async with place.booted() as booted:
        entries = [*booted.registry.find("workflow.lua"), *booted.registry.find("workflow.py")]
        for case in verifying.cases(entries, filters):
            try:
                found = verifying.differences(await verifying.verify(booted.node, case, hosts, seconds))
            except Error as error:
                found = [f"{error.kind}: {error.message}"]
            counts["different" if found else "equal"] += 1
            _print(case, found, as_json=as_json)
    return counts


def _print(case: Any, found: list[str], *, as_json: bool) -> None:
    outcome = "different" if found else "equal"
    if as_json:
        line = {"entry": case.entry, "case": case.name, "outcome": outcome, "differences": found}
        typer.echo(json.dumps(line, ensure_ascii=False))
        return
    typer.echo(f"{outcome:9}  {case.entry} ({case.name})")
    for difference in found:
        typer.echo(f"           {difference}")
