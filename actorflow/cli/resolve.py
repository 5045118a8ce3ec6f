"""`actorflow run resolve`: say how a call ended of which nobody knows."""

from __future__ import annotations

import getpass
import json
from typing import Annotated, Any

import typer

from actorflow.cli.option import AsJson, Data, Directory, Overrides
from actorflow.cli.output import line_of, print_json
from actorflow.cli.place import Place

Run = Annotated[str, typer.Argument(metavar="RUN", help="A PID, a workflow id or a run id.")]
Ref = Annotated[int, typer.Argument(metavar="REF", help="The number of the call, as the reason of the pause has it.")]
Retry = Annotated[bool, typer.Option("--retry", help="It did not happen, or may happen twice: attempt it again.")]
Result = Annotated[str | None, typer.Option("--result", metavar="JSON", help="It happened, with this result.")]
Error = Annotated[str | None, typer.Option("--error", metavar="TEXT", help="It failed, for this reason.")]


def resolve(  # noqa: PLR0913, PLR0917 - the options of the verb
    run: Run,
    ref: Ref,
    retry: Retry = False,  # noqa: FBT002 - typer makes flags of booleans
    result: Result = None,
    error: Error = None,
    as_json: AsJson = False,  # noqa: FBT002
    directory: Directory = None,
    data: Data = None,
    override: Overrides = None,
) -> None:
    """Say how a call ended that was running when its node did, and let the paused run go on."""
    if [retry, result is not None, error is not None].count(True) != 1:
        message = "run resolve: expected one of --retry, --result JSON and --error TEXT"
        raise typer.BadParameter(message)
    said: dict[str, Any] = {"retry": True} if retry else {"error": error}
    if result is not None:
        said = {"result": _value(result)}
    line = Place.of(directory, data, override).ask(
        "run.resolve", {"run": run, "ref": ref, **said, "by": getpass.getuser()}
    )
    if as_json:
        print_json(line_of(line))
    else:
        typer.echo(f"{line['pid']} was {line['state']}, is {line['to']}")


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        message = f"--result: got {text!r}, expected JSON ({error})"
        raise typer.BadParameter(message) from None
