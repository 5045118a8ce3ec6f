"""`actorflow run fork`: a run that begins with what another one has done."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from actorflow.cli.argument import parse_args, parse_value
from actorflow.cli.failing import CONFLICT, Ending, complain
from actorflow.cli.option import AsJson, Data, Directory
from actorflow.cli.output import print_json
from actorflow.cli.place import Place
from actorflow.errors import Error, invalid

Run = Annotated[str, typer.Argument(metavar="[RUN]", help="A PID, a workflow id or a run id; or name a filter.")]
Since = Annotated[
    str, typer.Option("--from", metavar="SEQ|STEP", help="The step that is done anew, all before is kept.")
]
Args = Annotated[list[str] | None, typer.Option("--arg", metavar="JSON", help="Another argument; one option for each.")]
Results = Annotated[
    list[str] | None, typer.Option("--result", metavar="STEP=JSON", help="What a step is to have answered.")
]
Source = Annotated[str, typer.Option("--source", help="`registered`, or the hash of a stored source.")]
State = Annotated[str, typer.Option("--state", help="All in this state.", show_default=False)]
Entry = Annotated[str, typer.Option("--entry", help="All of this entry.", show_default=False)]
Prefix = Annotated[str, typer.Option("--prefix", help="All whose workflow ids begin so.", show_default=False)]
_MOST = 10_000


def fork(  # noqa: PLR0913, PLR0917 - the options of the verb
    run: Run = "",
    since: Since = "",
    arg: Args = None,
    result: Results = None,
    source: Source = "",
    workflow_id: Annotated[str, typer.Option("--id", help="Workflow id of the fork.", show_default=False)] = "",
    state: State = "",
    entry: Entry = "",
    prefix: Prefix = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Start nothing; print what would be forked.")] = False,  # noqa: FBT002 - typer makes flags of booleans
    as_json: AsJson = False,  # noqa: FBT002
    directory: Directory = None,
    data: Data = None,
) -> None:
    """Start a run that begins with what another has done, with other input, code or results; or one for each match."""
    place = Place.of(directory, data)
    which = {name: value for name, value in {"state": state, "entry": entry, "prefix": prefix}.items() if value}
    if bool(run) == bool(which):
        raise typer.BadParameter(f"run fork: got {'both' if run else 'neither'} RUN and a filter, expected one of them")
    if which and workflow_id:
        raise typer.BadParameter("--id names one fork: name a run, not a filter")
    asked: dict[str, Any] = {"since": since, "results": _results(result or ()), "source": source, "dry_run": dry_run}
    if arg is not None:
        asked["args"] = parse_args(arg)
    if workflow_id:
        asked["workflow_id"] = workflow_id
    if run:
        made = place.client().request("run.fork", {"run": run, **asked})
        _say([{"run": run, **made}], as_json=as_json, one=True)
        return
    rows = place.ask("runs", {**which, "limit": _MOST})
    lines = [{"run": row["run_id"], **_forked(place, row["run_id"], asked)} for row in rows]
    _say(lines, as_json=as_json, one=False)
    if any("error" in line for line in lines):
        raise Ending(CONFLICT)


def _forked(place: Place, run: str, asked: dict[str, Any]) -> dict[str, Any]:
    try:
        made: dict[str, Any] = place.client().request("run.fork", {"run": run, **asked})
    except Error as error:
        complain(error.failure, run)
        return {"error": error.message}
    return made


def _results(given: tuple[str, ...] | list[str]) -> dict[str, Any]:
    results = {}
    for text in given:
        step, equals, value = text.partition("=")
        if not equals or not step:
            raise invalid(f"--result {text}: expected STEP=JSON, such as charge='{{\"ok\": true}}'")
        results[step] = parse_value(value)
    return results


def _say(lines: list[dict[str, Any]], *, as_json: bool, one: bool) -> None:
    if as_json:
        print_json(lines[0] if one else lines)
        return
    for line in lines:
        if "pid" in line:
            keeps = "keeps" if line["run_id"] else "would keep"
            typer.echo(f"{line['pid']}  {keeps} {line['kept']} of {line['cut']} events of {line['run']}")
    if not lines:
        typer.echo("no run matches", err=True)
