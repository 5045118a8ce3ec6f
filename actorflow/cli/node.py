"""`actorflow node …`: one node, the running one or another of its cluster."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from actorflow.cli.argument import parse_seconds
from actorflow.cli.failing import UNAVAILABLE, Ending, complain
from actorflow.cli.option import AsJson, Data, Directory, Timeout
from actorflow.cli.output import print_json
from actorflow.cli.place import Place
from actorflow.errors import TIMEOUT, Error, Failure

if TYPE_CHECKING:
    from actorflow.node.control_client import ControlClient

app = typer.Typer(no_args_is_help=True, help="One node of a cluster: drain.")

Name = Annotated[str, typer.Argument(metavar="[NODE]", help="Its name; default: the running one.", show_default=False)]
_PAUSE: Final = 0.1
_GONE: Final = frozenset({"left", "down"})


@app.callback()
def _group() -> None:
    """Keep `drain` a verb of its own."""


@app.command()
def drain(
    node: Name = "",
    timeout: Timeout = "60s",
    as_json: AsJson = False,  # noqa: FBT002 - typer makes flags of booleans
    directory: Directory = None,
    data: Data = None,
) -> None:
    """Have a node take no new runs, hand over those it has, and end; waits until it has."""
    place, seconds = Place.of(directory, data), parse_seconds(timeout)
    client = place.client()
    own = client.request("info", {})["name"]
    name = client.request("node.drain", {"node": node}, seconds)["node"]
    ended = _until(seconds, lambda: not place.running if name == own else _has_left(client, name))
    if as_json:
        print_json({"node": name, "ended": ended})
    elif ended:
        typer.echo(f"{name} has handed over what it had, and has ended")
    if not ended:
        complain(Failure(f"node {name} is still handing over after {timeout}; it goes on with that", TIMEOUT))
        raise Ending(UNAVAILABLE)


def _has_left(client: ControlClient, name: str) -> bool:
    lines: list[dict[str, Any]] = client.request("nodes", {})
    return all(line["state"] in _GONE for line in lines if line["name"] == name)


def _until(seconds: float, condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if condition():
                return True
        except Error:  # the node that is asked is busy
            pass
        time.sleep(_PAUSE)
    return False
