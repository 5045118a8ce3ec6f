"""`actorflow run query`, `run update`, `approve` and `approvals`: what a durable run is asked, and what it asks."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from actorflow.cli.argument import parse_args, parse_seconds, parse_value
from actorflow.cli.failing import FAILED, Ending, complain
from actorflow.cli.option import Arguments, AsJson, Data, Directory, Overrides, Timeout
from actorflow.cli.output import print_json, print_rows, print_value
from actorflow.cli.place import Place
from actorflow.cli.work import NOT_THE_CALLEE
from actorflow.errors import CONFLICT, Error

if TYPE_CHECKING:
    from actorflow.store.stores import Stores

Run = Annotated[str, typer.Argument(metavar="RUN", help="A PID, a workflow id or a run id.")]
_SHOWN: Final = ("workflow_id", "name", "state", "reason", "approvers", "deadline", "by")
_APPROVAL_FIELDS: Final = (*_SHOWN, "pid", "run_id", "entry", "schema", "scope", "at", "decided", "data", "number")
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


def approve(  # noqa: PLR0913, PLR0917 - the options of the verb
    run: Run,
    name: Name,
    answer: Annotated[str, typer.Option("--data", metavar="JSON", help="What goes with the approval.")] = "null",
    reject: Annotated[bool, typer.Option("--reject", help="Say no.")] = False,  # noqa: FBT002
    reason: Annotated[str, typer.Option("--reason", help="Why.")] = "",
    by: Annotated[str, typer.Option("--by", help="Who answers; default: the user of the system.")] = "",
    as_json: AsJson = False,  # noqa: FBT002
    directory: Directory = None,
    data: Annotated[
        Path | None, typer.Option("--data-directory", help="The data directory, which is --data elsewhere.")
    ] = None,
    override: Overrides = None,
) -> None:
    """Answer an approval that a run asks for, or will ask for; without a running node it hears of it from the next."""
    place = Place.of(directory, data, override)
    given = {"approved": not reject, "data": parse_value(answer), "reason": reason, "by": by or getpass.getuser()}
    with refusals():
        if place.running:
            done = place.client().approve(run, name, given["data"], reject=reject, reason=reason, by=str(given["by"]))
        else:
            done = place.on_stores(lambda stores: _stored(stores, run, name, {**given, "roles": []}))
        if as_json:
            print_json(done)


async def _stored(stores: Stores, run: str, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    from actorflow.clock import SystemClock  # noqa: PLC0415 - as below
    from actorflow.run.document import PutDocument  # noqa: PLC0415
    from actorflow.store import approval  # noqa: PLC0415 - loads what validates schemas

    decision, now = approval.decision_of(given), SystemClock().now()
    item = await stores.about(run, lambda store: approval.answer(store, run, name, decision, now))
    committed = await stores.write(run, item)
    if not committed.accepted:
        raise Error(f"approval {name!r}: somebody has answered at the same time; see `actorflow approvals`", CONFLICT)
    return {"name": name, "approved": decision.approved, "by": decision.by, "early": isinstance(item, PutDocument)}


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
    print_rows(rows, _SHOWN, as_json=as_json, empty="no approvals")


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
