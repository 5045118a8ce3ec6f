"""`actorflow run query`, `run update` and `approvals`: what a durable run is asked, and what it asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Annotated, Any, Final

import typer

from actorflow.cli.argument import asker, parse_args, parse_seconds, parse_value
from actorflow.cli.failing import FAILED, Ending, complain
from actorflow.cli.option import Actor, Arguments, AsJson, Data, Directory, Overrides, Scope, Timeout
from actorflow.cli.output import print_json, print_rows, print_value
from actorflow.cli.place import Place
from actorflow.cli.work import NOT_THE_CALLEE
from actorflow.errors import Error
from actorflow.ports import Outcome

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
    """Ask a run something that changes nothing: pid, state, where, waits, inbox, seq, or what its script answers.

    Without a running node the store is asked, and a replay of the run.
    """
    place, arguments = Place.of(directory, data, override), parse_args(args or ())
    seconds, who = parse_seconds(timeout), asker(actor, scope)
    if place.running or who:  # who may ask is for a node to judge
        answer = place.client().query(run, name, *arguments, timeout=seconds, **who)
    else:
        from actorflow.cli import replaying  # noqa: PLC0415 - loads the languages

        answer = place.on_stores(lambda stores: replaying.query(stores, run, name, tuple(arguments)))
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
    """Ask a run to do something and print its answer; with `--wait accepted` the id, once it has accepted.

    Without a running node the registry is booted for it.
    """
    place, arguments = Place.of(directory, data, override), parse_args(args or ())
    more = {"id": update_id, "wait_for": wait_for, "timeout": parse_seconds(timeout), **asker(actor, scope)}
    with refusals():
        update_ = place.client().update if place.running else partial(_booted_update, place)
        print_value(update_(run, name, *arguments, **more), as_json=as_json)


def _booted_update(place: Place, run: str, name: str, *args: Any, **more: Any) -> Any:
    import trio  # noqa: PLC0415 - the other verbs do not need it

    place.on_stores(lambda stores: stores.locate(run))  # a run that is not there is no reason to boot

    async def ask() -> Outcome:
        async with place.booted() as booted:
            try:
                return Outcome(await booted.node.update(run, name, *args, **more))
            except Error as error:
                return Outcome(failure=error.failure)

    return trio.run(ask).unwrap()


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
