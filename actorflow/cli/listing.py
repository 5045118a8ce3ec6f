"""The verbs that list what there is: ps, services, runs."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from actorflow.cli.argument import parse_pairs
from actorflow.cli.option import AsJson, Data, Directory, Limit, Overrides, View
from actorflow.cli.output import print_rows
from actorflow.cli.place import Place

Host = Annotated[str, typer.Option("--host", help="Only of this host.", show_default=False)]
Entry = Annotated[str, typer.Option("--entry", help="Only of this entry.", show_default=False)]
State = Annotated[str, typer.Option("--state", help="Only in this state.", show_default=False)]

_WORDS: Final = {"luno": ("number",), "workflowable": ("number",), "pikku": ("wait",)}
"""What other systems say of a state beside its word."""


def ps(  # noqa: PLR0913, PLR0917 - the options of the verb
    host: Host = "",
    entry: Entry = "",
    state: State = "",
    limit: Limit = 1000,
    as_json: AsJson = False,  # noqa: FBT002 - typer makes flags of booleans
    directory: Directory = None,
    data: Data = None,
) -> None:
    """List the processes that are alive."""
    wanted = {"host": host, "entry": entry, "state": state, "limit": limit}
    rows = Place.of(directory, data).client().request("ps", wanted)
    print_rows(rows, ("pid", "entry", "state", "mailbox", "started", "waits"), as_json=as_json, empty="no processes")


def services(as_json: AsJson = False, directory: Directory = None, data: Data = None) -> None:  # noqa: FBT002
    """List the services and their states."""
    rows = Place.of(directory, data).client().services()
    columns = ("id", "state", "since", "restarts", "attempts", "next_start", "failure")
    print_rows(rows, columns, as_json=as_json, empty="no services")


def runs(  # noqa: PLR0913, PLR0917 - the options of the verb
    host: Host = "",
    entry: Entry = "",
    state: State = "",
    prefix: Annotated[str, typer.Option("--prefix", help="Only workflow ids that begin so.", show_default=False)] = "",
    attr: Annotated[
        list[str] | None,
        typer.Option("--attr", metavar="NAME=VALUE", help="Only with this search attribute.", show_default=False),
    ] = None,
    queue: Annotated[str, typer.Option("--queue", help="Only in this queue.", show_default=False)] = "",
    view: View = "",
    limit: Limit = 100,
    as_json: AsJson = False,  # noqa: FBT002
    directory: Directory = None,
    data: Data = None,
    override: Overrides = None,
) -> None:
    """List the runs of durable hosts, newest first; works without a node too."""
    wanted: dict[str, Any] = {"host": host, "entry": entry, "state": state, "prefix": prefix, "limit": limit}
    wanted |= {"queue": queue, "view": view, "attributes": parse_pairs(attr or (), "--attr")}
    rows = Place.of(directory, data, override).ask("runs", wanted)
    columns = ("workflow_id", "entry", "host", "state", *_WORDS.get(view, ()), "created", "updated", "reason")
    print_rows(rows, columns, as_json=as_json, empty="no runs")
