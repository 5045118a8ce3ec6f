"""`actorflow run query` and `run update`: what a durable run is asked; a node must run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from actorflow.cli.argument import parse_args, parse_seconds
from actorflow.cli.failing import FAILED, Ending, complain
from actorflow.cli.option import Arguments, AsJson, Data, Directory, Overrides, Timeout
from actorflow.cli.output import print_value
from actorflow.cli.place import Place
from actorflow.cli.work import NOT_THE_CALLEE
from actorflow.errors import Error

Run = Annotated[str, typer.Argument(metavar="RUN", help="A PID, a workflow id or a run id.")]
Name = Annotated[str, typer.Argument(metavar="NAME")]


def query(  # noqa: PLR0913, PLR0917 - the options of the verb
    run: Run,
    name: Name,
    args: Arguments = None,
    timeout: Timeout = "30s",
    as_json: AsJson = False,  # noqa: FBT002 - typer makes flags of booleans
    directory: Directory = None,
    data: Data = None,
    override: Overrides = None,
) -> None:
    """Ask a run something that changes nothing: pid, state, where, waits, inbox, seq, or what its script answers."""
    client, arguments = Place.of(directory, data, override).client(), parse_args(args or ())
    print_value(client.query(run, name, *arguments, timeout=parse_seconds(timeout)), as_json=as_json)


def update(  # noqa: PLR0913, PLR0917 - the options of the verb
    run: Run,
    name: Name,
    args: Arguments = None,
    update_id: Annotated[str, typer.Option("--id", help="Its id: the same one again gives the same answer.")] = "",
    wait_for: Annotated[str, typer.Option("--wait", help="accepted or completed.")] = "completed",
    timeout: Timeout = "30s",
    as_json: AsJson = False,  # noqa: FBT002
    directory: Directory = None,
    data: Data = None,
    override: Overrides = None,
) -> None:
    """Ask a run to do something and print its answer; with `--wait accepted` the id, once it has accepted."""
    client, arguments = Place.of(directory, data, override).client(), parse_args(args or ())
    seconds = parse_seconds(timeout)
    with refusals():
        answer = client.update(run, name, *arguments, id=update_id, wait_for=wait_for, timeout=seconds)
        print_value(answer, as_json=as_json)


@contextmanager
def refusals() -> Iterator[None]:
    """Let what the run itself says no to end the command with 1, whatever the kind of its error."""
    try:
        yield
    except Error as error:
        if error.kind in NOT_THE_CALLEE:
            raise
        complain(error.failure)
        raise Ending(FAILED) from None
