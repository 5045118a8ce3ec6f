"""`actorflow run query`, `run update` and `approvals`: what a durable run is asked, and what it asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

import typer

from actorflow.cli.argument import asker, parse_args, parse_seconds, parse_value
from actorflow.cli.failing import FAILED, Ending, complain
from actorflow.cli.option import Actor, Arguments, AsJson, Data, Directory, Overrides, Scope, Timeout
from actorflow.cli.output import print_json, print_rows, print_value
from actorflow.cli.place import Place
from actorflow.cli.work import NOT_THE_CALLEE
from actorflow.errors import Error

Run = Annotated[str, typer.Argument(metavar="RUN", help="A PID, a workflow id or a run id.")]
_SHOWN: Final = ("workflow_id", "name", "state", "reason", "approvers", "deadline", "by")
_APPROVAL_FIELDS: Final = (
    *_SHOWN,
    "pid",
    "run_id",
    "entry",
    "schema",
    "scope",
    "at",
    "decided",
    "data",
    "number",
    "taken_back",
)
Name = Annotated[str, typer.Argument(metavar="NAME")]


def query(  # noqa: PLR0913, PLR0917 - the options of the verb
    run: Run,
    name: Name,
    args: Arguments = None,
    timeout: Timeout = "30s",
    actor: Actor = None,
    scope: Scope = None,
    as_json: AsJson = False,  # noqa: FBT002 - typer makes flags of booleans
    directory: Directory = None,
    data: Data = None,
    override: Overrides = None,
) -> None:
    """Ask a run something that changes nothing: pid, state, where, waits, inbox, seq, or what its script answers."""
    client, arguments = Place.of(directory, data, override).client(), parse_args(args or ())
    answer = client.query(run, name, *arguments, timeout=parse_seconds(timeout), **asker(actor, scope))
    print_value(answer, as_json=as_json)


def update(  # noqa: PLR0913, PLR0917 - the options of the verb
    run: Run,
    name: Name,
    args: Arguments = None,
    update_id: Annotated[str, typer.Option("--id", help="Its id: the same one again gives the same answer.")] = "",
    wait_for: Annotated[str, typer.Option("--wait", help="accepted or completed.")] = "completed",
    timeout: Timeout = "30s",
    actor: Actor = None,
    scope: Scope = None,
    as_json: AsJson = False,  # noqa: FBT002
    directory: Directory = None,
    data: Data = None,
    override: Overrides = None,
) -> None:
    """Ask a run to do something and print its answer; with `--wait accepted` the id, once it has accepted."""
    client, arguments = Place.of(directory, data, override).client(), parse_args(args or ())
    seconds, who = parse_seconds(timeout), asker(actor, scope)
    with refusals():
        answer = client.update(run, name, *arguments, id=update_id, wait_for=wait_for, timeout=seconds, **who)
        print_value(answer, as_json=as_json)


def wake(  # noqa: PLR0913, PLR0917 - the options of the verb
    run: Run,
    value: Annotated[str, typer.Argument(metavar="[DATA]", help="JSON or plain text that it is given.")] = "null",
    as_json: AsJson = False,  # noqa: FBT002
    directory: Directory = None,
    data: Data = None,
    override: Overrides = None,
) -> None:
    """Let a run go on that has suspended itself (`workflow.suspend`)."""
    Place.of(directory, data, override).client().wake(run, parse_value(value))
    if as_json:
        print_json({"done": "woken", "run": run})


def approvals(  # noqa: PLR0913, PLR0917 - the options of the verb
    run: Annotated[str, typer.Argument(metavar="[RUN]", help="A PID, a workflow id or a run id.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,  # noqa: FBT002
    as_json: AsJson = False,  # noqa: FBT002
    directory: Directory = None,
    data: Data = None,
    override: Overrides = None,
) -> None:
    """List the approvals that runs wait for, with who may answer and until when."""
    lines = Place.of(directory, data, override).ask("approvals", {"run": run, "all": everything})
    rows = [{name: line.get(name) for name in _APPROVAL_FIELDS} for line in lines]
    marks = ("taken_back",) if any(row["taken_back"] for row in rows) else ()
    print_rows(rows, (*_SHOWN, *marks), as_json=as_json, empty="no approvals")


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
