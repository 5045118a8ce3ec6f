"""`actorflow approve`: answer what a durable run asks people; with a node and without one."""

from __future__ import annotations

import getpass
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from actorflow.cli.argument import asker, parse_value
from actorflow.cli.asking import Name, Run, refusals
from actorflow.cli.option import DATA, Actor, AsJson, Directory, Overrides, Scope
from actorflow.cli.output import print_json
from actorflow.cli.place import Place
from actorflow.errors import CONFLICT, Error

if TYPE_CHECKING:
    from actorflow.store.stores import Stores


def approve(  # noqa: PLR0913, PLR0917 - the options of the verb
    run: Run,
    name: Name,
    value: Annotated[
        str | None, typer.Argument(metavar="[DATA]", help="What goes with it: JSON, plain text, @FILE, or - for stdin.")
    ] = None,
    reject: Annotated[bool, typer.Option("--reject", help="Say no.")] = False,  # noqa: FBT002 - typer makes flags of booleans
    reason: Annotated[str, typer.Option("--reason", help="Why.")] = "",
    by: Annotated[str, typer.Option("--by", help="Who answers; default: the actor, or the user of the system.")] = "",
    actor: Actor = None,
    scope: Scope = None,
    as_json: AsJson = False,  # noqa: FBT002
    directory: Directory = None,
    data: Annotated[str | None, DATA] = None,
    override: Overrides = None,
) -> None:
    """Answer an approval that a run asks for, or will ask for; without a running node it hears of it from the next."""
    value, chosen = _older(value, data)
    place, who = Place.of(directory, chosen, override), asker(actor, scope)
    given: dict[str, Any] = {"data": None if value is None else parse_value(value), "reject": reject, "reason": reason}
    given["by"] = by or ("" if "actor" in who else getpass.getuser())
    with refusals():
        if place.running:
            done = place.client().approve(run, name, **given, **who)
        else:
            done = place.on_stores(lambda stores: _stored(place, stores, (run, name), given, who))
        if as_json:
            print_json(done)


def _older(value: str | None, data: str | None) -> tuple[str | None, Path | None]:
    """Return value and data directory: `--data JSON` was the value once, and still is where there is no directory."""
    if data is None or value is not None or Path(data).is_dir() or not _is_json(data):
        return value, None if data is None else Path(data)
    typer.echo(f"--data names the data directory: write the value {data} after the name of the approval", err=True)
    return data, None


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


async def _stored(
    place: Place, stores: Stores, asked: tuple[str, str], given: Mapping[str, Any], who: Mapping[str, Any]
) -> dict[str, Any]:
    from actorflow.clock import SystemClock  # noqa: PLC0415 - as below
    from actorflow.node.asker import answer_of, context_of, judge  # noqa: PLC0415
    from actorflow.run.document import PutDocument  # noqa: PLC0415
    from actorflow.store import approval  # noqa: PLC0415 - loads what validates schemas

    run, name = asked
    _, row = await stores.locate(run)
    facts = {"run": run, "workflow_id": row.workflow_id, "entry": row.entry}
    context = context_of(who.get("actor"), who.get("scope"))
    judge(place.guard(), context, ("workflow.approve", name, facts), strictly=True)
    plain = answer_of(**given, actor=who.get("actor"))
    decision, now = approval.decision_of(plain), SystemClock().now()
    item = await stores.about(run, lambda store: approval.answer(store, run, name, decision, now))
    committed = await stores.write(run, item)
    if not committed.accepted:
        raise Error(f"approval {name!r}: somebody has answered at the same time; see `actorflow approvals`", CONFLICT)
    return {"name": name, "approved": decision.approved, "by": decision.by, "early": isinstance(item, PutDocument)}
