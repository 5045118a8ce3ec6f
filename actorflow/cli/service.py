"""`actorflow service …`: one service of the running node, moved by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

import typer

from actorflow.cli.argument import parse_seconds
from actorflow.cli.failing import FAILED, UNAVAILABLE, Ending, complain
from actorflow.cli.option import AsJson, Data, Directory, Timeout
from actorflow.cli.output import line_of, print_json
from actorflow.cli.place import Place
from actorflow.errors import TIMEOUT, Failure

app = typer.Typer(no_args_is_help=True, help="Move one service of the running node: start, stop, restart.")

Service = Annotated[str, typer.Argument(metavar="ID", help="Registry id of the service.")]
_WELL = {"start": {"running", "exited"}, "restart": {"running", "exited"}, "stop": {"stopped", "exited", "unknown"}}
"""The states that a move leaves its service in, unless it fails."""


_VERBS: Final = {
    "start": "Start a service with all it needs, also one that has failed for good or was stopped.",
    "stop": "Stop a service, and before it all that need it; they stay stopped until they are started or the node is.",
    "restart": "Stop a service with all that need it, and start it and those of them that ran.",
}


def _command(verb: str) -> Callable[..., None]:
    def command(
        service: Service,
        timeout: Timeout = "30s",
        as_json: AsJson = False,  # noqa: FBT002 - typer makes flags of booleans
        directory: Directory = None,
        data: Data = None,
    ) -> None:
        _move(verb, service, timeout, Place.of(directory, data), as_json=as_json)

    return command


for _verb, _text in _VERBS.items():
    app.command(_verb, help=_text)(_command(_verb))


def _move(verb: str, service_id: str, timeout: str, place: Place, *, as_json: bool) -> None:
    answer = place.client().request(f"service.{verb}", {"id": service_id}, parse_seconds(timeout))
    if as_json:
        print_json({**answer, "services": [line_of(line) for line in answer["services"]]})
    else:
        _say(verb, answer)
    if not answer["over"]:
        complain(unfinished(verb, answer, timeout))
        raise Ending(UNAVAILABLE)
    moved = {answer["id"], *answer["stopped"], *answer["started"]}
    failed = [line for line in answer["services"] if line["id"] in moved and _is_bad(verb, line)]
    for line in failed:
        complain(line["failure"] or Failure(f"service {line['id']} is {line['state']}"), line["id"])
    if failed:
        raise Ending(FAILED)


def _say(verb: str, answer: Mapping[str, Any]) -> None:
    """Print what was stopped and what runs, in the order in which it happened."""
    lines = {line["id"]: line for line in answer["services"]}
    if answer["over"] and not answer["stopped"] and not answer["started"]:
        state = lines[answer["id"]]["state"]
        typer.echo(f"{answer['id']} was not running; it stays so" if verb == "stop" else f"{answer['id']} is {state}")
    for name in answer["stopped"]:
        if name not in answer["started"] and name in lines:
            typer.echo(f"{name} {lines[name]['state']}")
    for name in answer["started"]:
        if name in lines:
            typer.echo(f"{name} {lines[name]['state']}")


def _is_bad(verb: str, line: Mapping[str, Any]) -> bool:
    refused = verb != "stop" and line["failure"] is not None and line["state"] == "exited"
    return line["state"] not in _WELL[verb] or refused


def unfinished(verb: str, answer: Mapping[str, Any], timeout: str) -> Failure:
    """Return what is said when the time is up: what is known of the reason, and that the node goes on with it."""
    lines = {line["id"]: line for line in answer["services"]}
    told = []
    for name in dict.fromkeys([answer["id"], *(answer["waits_for"] if verb != "stop" else ())]):
        line = lines.get(name, {"state": "not there", "failure": None})
        because = f" ({line['failure'].message})" if line["failure"] is not None else ""
        told.append(f"{name} is {line['state']}{because}")
    text = f"{verb} of service {answer['id']} is not over after {timeout}: {', '.join(told)}; the node goes on with it"
    return Failure(text, TIMEOUT, retryable=True)
