"""The verbs that make something happen: call, spawn, send, cancel, terminate."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from actorflow import errors
from actorflow.cli.argument import (
    asker,
    parse_args,
    parse_message,
    parse_pairs,
    parse_seconds,
    parse_value,
    start_options,
)
from actorflow.cli.failing import FAILED, RUN_FAILED, Ending, code_of, complain
from actorflow.cli.option import Actor, Arguments, AsJson, Data, Directory, Overrides, Scope, Timeout
from actorflow.cli.output import print_json, print_value
from actorflow.cli.place import Place
from actorflow.errors import Error, Failure
from actorflow.ports import Outcome

if TYPE_CHECKING:
    from actorflow.store.stores import Stores

Target = Annotated[str, typer.Argument(metavar="PID", help="A PID or a registered name; a workflow id without a node.")]
NOT_THE_CALLEE: Final = frozenset({errors.NOT_FOUND, errors.UNAVAILABLE, errors.TIMEOUT, errors.CONFLICT})
"""Kinds of failures that say the call did not come about, with exit codes of their own."""
Reason = Annotated[str, typer.Option("--reason", help="What the process is told.")]


def call(  # noqa: PLR0913, PLR0917 - the options of the verb
    target: Annotated[str, typer.Argument(metavar="ID", help="Registry id of the function.")],
    args: Arguments = None,
    timeout: Timeout = "30s",
    actor: Actor = None,
    scope: Scope = None,
    as_json: AsJson = False,  # noqa: FBT002 - typer makes flags of booleans
    directory: Directory = None,
    data: Data = None,
    override: Overrides = None,
) -> None:
    """Call a function and print its result; without a running node the registry is booted for this call."""
    place, arguments = Place.of(directory, data, override), parse_args(args or ())
    more = {"timeout": parse_seconds(timeout), **asker(actor, scope)}
    outcome = (_asked if place.running else _booted_call)(place, target, arguments, more)
    if outcome.failure is not None:
        complain(outcome.failure)
        raise Ending(code_of(outcome.failure) if outcome.failure.kind in NOT_THE_CALLEE else FAILED)
    print_value(outcome.value, as_json=as_json)


def spawn(  # noqa: PLR0913, PLR0917 - the options of the verb
    entry: Annotated[str, typer.Argument(metavar="ID", help="Registry id of the process or workflow.")],
    args: Arguments = None,
    host: Annotated[str, typer.Option("--host", help="Registry id of the host.", show_default=False)] = "",
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the end and print the result.")] = False,  # noqa: FBT002
    timeout: Timeout = "30s",
    name: Annotated[str, typer.Option("--name", help="A name to register for the process.")] = "",
    workflow_id: Annotated[str, typer.Option("--id", help="The workflow id, on a durable host.")] = "",
    key: Annotated[str, typer.Option("--key", help="A business key: the workflow id is ID/KEY.")] = "",
    on_conflict: Annotated[
        str,
        typer.Option(
            "--on-conflict",
            help="If the workflow id is held: reject, return_existing, skip, queue, allow or replace.",
        ),
    ] = "",
    option: Annotated[
        list[str] | None, typer.Option("--option", metavar="KEY=VALUE", help="A start option, e.g. run_timeout=1h.")
    ] = None,
    memo: Annotated[
        list[str] | None, typer.Option("--memo", metavar="KEY=VALUE", help="Something people read about the run.")
    ] = None,
    attr: Annotated[
        list[str] | None, typer.Option("--attr", metavar="KEY=VALUE", help="A search attribute of the run.")
    ] = None,
    delay: Annotated[str, typer.Option("--delay", help="Begin after this time, e.g. 10m.")] = "",
    hold: Annotated[bool, typer.Option("--hold", help="Begin when it is released by hand.")] = False,  # noqa: FBT002
    message: Annotated[
        list[str] | None, typer.Option("--message", metavar="TOPIC=JSON", help="A message to send with the start.")
    ] = None,
    actor: Actor = None,
    scope: Scope = None,
    as_json: AsJson = False,  # noqa: FBT002
    directory: Directory = None,
    data: Data = None,
    override: Overrides = None,
) -> None:
    """Start a process or workflow and print its PID; with --wait, wait for its end and print the result."""
    place, seconds = Place.of(directory, data, override), parse_seconds(timeout)
    request = {
        "entry": entry,
        "host": host,
        "args": parse_args(args or ()),
        "name": name,
        "messages": [list(parse_message(text)) for text in message or ()],
        "options": start_options(
            option,
            id=workflow_id,
            key=key,
            on_conflict=on_conflict,
            start_delay=delay,
            hold=hold,
            memo=parse_pairs(memo or (), "--memo"),
            search_attributes=parse_pairs(attr or (), "--attr"),
        ),
        **asker(actor, scope),
    }
    if not wait:
        _print_start(place.client().request("start", request), as_json=as_json)
        return
    pid, outcome = _spawn_and_wait(place, request, seconds)
    _print_outcome(pid, outcome, as_json=as_json)


def _print_start(started: Mapping[str, Any], *, as_json: bool) -> None:
    """Print the PID, and on stderr what else happened than a plain start."""
    if as_json:
        print_value(dict(started), as_json=True)
        return
    print_value(started["pid"], as_json=False)
    if started["how"] != "started":
        typer.echo(f"{started['how']}: run {started['run_id']}", err=True)


def send(  # noqa: PLR0913, PLR0917 - the options of the verb
    pid: Target,
    topic: Annotated[str, typer.Argument(metavar="TOPIC")],
    payload: Annotated[
        str | None, typer.Argument(metavar="[PAYLOAD]", help="JSON, plain text, @FILE, or - for stdin.")
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002
    directory: Directory = None,
    data: Data = None,
    override: Overrides = None,
) -> None:
    """Send a message, or a signal to a workflow; without a running node the signal is stored for the next one."""
    place = Place.of(directory, data, override)
    payloads = [] if payload is None else [parse_value(payload)]
    if place.running:
        place.client().send(pid, topic, *payloads)
    else:
        place.on_stores(lambda stores: _store_signal(stores, pid, topic, payloads))
    _done("sent", pid, as_json=as_json)


def cancel(  # noqa: PLR0913, PLR0917 - the options of the verb
    pid: Target,
    reason: Reason = "",
    as_json: AsJson = False,  # noqa: FBT002
    directory: Directory = None,
    data: Data = None,
    override: Overrides = None,
) -> None:
    """Ask a process to stop; without a running node, a workflow is asked when the next one runs."""
    place = Place.of(directory, data, override)
    if place.running:
        place.client().cancel(pid, reason)
    else:
        _changed(place, "cancel", pid, reason)
    _done("cancel asked", pid, as_json=as_json)


def terminate(
    pid: Target,
    as_json: AsJson = False,  # noqa: FBT002
    directory: Directory = None,
    data: Data = None,
    override: Overrides = None,
) -> None:
    """End a process without running any more of its code; a workflow without a running node, too."""
    place = Place.of(directory, data, override)
    if place.running:
        place.client().terminate(pid)
    else:
        _changed(place, "terminate", pid)
    _done("terminated", pid, as_json=as_json)


def _done(what: str, pid: str, *, as_json: bool) -> None:
    """Print what was done where JSON is asked for; people see it by the absence of an error."""
    if as_json:
        print_json({"done": what, "pid": pid})


def _asked(place: Place, target: str, arguments: list[Any], more: dict[str, Any]) -> Outcome:
    client = place.client()
    try:
        return Outcome(client.call(target, arguments, **more))
    except Error as error:
        return Outcome(failure=error.failure)


# ---- with a node of our own ----------------------------------------------------------------------------------------


def _booted_call(place: Place, target: str, arguments: list[Any], more: dict[str, Any]) -> Outcome:
    import trio  # noqa: PLC0415

    async def run() -> Outcome:
        async with place.booted() as booted:
            try:
                return Outcome(await booted.node.call(target, arguments, **more))
            except Error as error:
                return Outcome(failure=error.failure)

    return trio.run(run)


def _spawn_and_wait(place: Place, request: Mapping[str, Any], seconds: float) -> tuple[str, Mapping[str, Any]]:
    if place.running:
        client = place.client()
        pid = client.request("spawn", request)
        return pid, client.request("outcome", {"pid": pid}, seconds)
    import trio  # noqa: PLC0415

    from actorflow.node.control_verb import node_verbs  # noqa: PLC0415

    async def run() -> tuple[str, Mapping[str, Any]]:
        async with place.booted() as booted:
            verbs = node_verbs(booted.node, booted.supervisor)
            pid = await verbs["spawn"](request)
            return pid, await verbs["outcome"]({"pid": pid, "timeout": seconds})

    return trio.run(run)


def _print_outcome(pid: str, outcome: Mapping[str, Any], *, as_json: bool) -> None:
    from actorflow.cli.output import plain  # noqa: PLC0415

    failure: Failure | None = outcome["failure"]
    if as_json:
        print_json({"pid": pid, "value": plain(outcome["value"]), "failure": plain(failure)})
    elif failure is None:
        print_value(outcome["value"], as_json=False)
    if failure is not None:
        if not as_json:
            complain(failure, f"{pid} failed")
        raise Ending(RUN_FAILED)


# ---- without a node ------------------------------------------------------------------------------------------------


def _changed(place: Place, verb: str, pid: str, reason: str = "") -> None:
    """Change a run in its store: a process that is no run is not there without a node."""
    place.ask("run.change", {"verb": verb, "run": pid, "reason": reason, "by": getpass.getuser()})


async def _store_signal(stores: Stores, reference: str, topic: str, payloads: list[Any]) -> None:
    """Put a message into the inbox of an open run; the node that runs next takes it in."""
    from actorflow.clock import SystemClock  # noqa: PLC0415
    from actorflow.codec import encode  # noqa: PLC0415
    from actorflow.machine.subscription import checked_topic  # noqa: PLC0415
    from actorflow.node.sending_verb import ended  # noqa: PLC0415
    from actorflow.run.event import MESSAGE_RECEIVED  # noqa: PLC0415
    from actorflow.run.turn import Delivery  # noqa: PLC0415
    from actorflow.store import looking  # noqa: PLC0415
    from actorflow.store.view import workflow_of  # noqa: PLC0415

    target, payload = checked_topic(topic, "send to"), encode(["", payloads])
    delivery = Delivery(workflow_of(reference), MESSAGE_RECEIVED, target, "", payload, SystemClock().now())
    answer = await stores.write(reference, delivery)
    if not answer.accepted:
        run, _ = await stores.about(reference, lambda reader: looking.show(reader, reference))
        raise ended("send to", reference, run)
