"""`actorflow run …`: one run of a durable host."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final

import typer

from actorflow.cli import accept, asking, capsule, control, going_back, release, repin, resolve, token, travel
from actorflow.cli import debug as debugging
from actorflow.cli.argument import parse_seconds
from actorflow.cli.capsule import fetched
from actorflow.cli.option import AsJson, Data, Directory, Overrides, Timeout, View
from actorflow.cli.output import line_of, print_fields, print_json, print_rows
from actorflow.cli.place import Place

app = typer.Typer(no_args_is_help=True, help="Look at one run, or act on one or many: pause, retry, …")

Run = Annotated[str, typer.Argument(metavar="RUN", help="A PID, a workflow id or a run id.")]
_PAGE: Final = 500
_FIELDS: Final = (
    *("pid", "workflow_id", "run_id", "entry", "host", "state"),
    *("number", "wait", "reason", "created", "updated", "parent", "args"),
    *("forked_from", "continued_from", "continued_as"),
    *("result", "error", "waits", "events", "history_length", "history_size", "revision", "bundle_hash"),
    *("attempt", "priority", "queue", "summary", "details", "memo", "search_attributes", "tokens"),
)
_CALL_FIELDS: Final = ("ref", "step", "target", "state", "attempts", "started", "ended", "failure")
_EVENT_FIELDS: Final = ("seq", "kind", "ref", "target", "step", "at", "payload", "drawn", "superseded")


@app.command()
def show(  # noqa: PLR0913, PLR0917 - the options of the verb
    run: Run,
    view: View = "",
    at: Annotated[int | None, typer.Option("--at", metavar="SEQ", min=1, help="As it was after this event.")] = None,
    most_calls: Annotated[int, typer.Option("--calls", min=1, help="At most so many calls, the newest.")] = 100,
    as_json: AsJson = False,  # noqa: FBT002 - typer makes flags of booleans
    directory: Directory = None,
    data: Data = None,
    override: Overrides = None,
) -> None:
    """Print a run: its state, arguments, result, history of states, and calls; or as it was after an event."""
    place = Place.of(directory, data, override)
    if at is not None:
        going_back.show_past(place, run, at, as_json=as_json)
        return
    answer = place.ask("run.show", {"run": run, "view": view})
    states, calls = answer.pop("states"), place.ask("run.calls", {"run": answer["run_id"], "limit": most_calls})
    shown = {name: answer[name] for name in _FIELDS if name in answer}
    if as_json:
        lists = {"calls": [line_of(call) for call in calls], "states": [line_of(state) for state in states]}
        print_json({**line_of(shown), **lists})
        return
    print_fields(shown)
    typer.echo()
    print_rows(states, ("state", "at", "reason", "by"), as_json=False, empty="")
    if calls:
        typer.echo()
        print_rows(calls, _CALL_FIELDS, as_json=False, empty="")


@app.command()
def history(
    run: Run,
    as_json: AsJson = False,  # noqa: FBT002
    directory: Directory = None,
    data: Data = None,
    override: Overrides = None,
) -> None:
    """Print the journal of a run: everything that happened to it and everything it asked for."""
    events = list(_events(Place.of(directory, data, override), run))
    marks = ("superseded",) if any(event["superseded"] for event in events) else ()
    columns = ("seq", *marks, "kind", "ref", "target", "step", "payload", "drawn")
    print_rows(events, columns, as_json=as_json, empty="no events")


@app.command()
def chain(
    run: Run,
    as_json: AsJson = False,  # noqa: FBT002
    directory: Directory = None,
    data: Data = None,
    override: Overrides = None,
) -> None:
    """List the runs that a run has gone through by continuing as a new one, oldest first."""
    place = Place.of(directory, data, override)
    runs, after = [], 0
    while page := place.ask("run.chain", {"run": run, "after": after, "limit": _PAGE}):
        runs += page
        after = page[-1]["run"]
    print_rows(runs, ("run_id", "entry", "state", "reason", "created", "updated"), as_json=as_json, empty="no runs")


@app.command()
def timeline(
    run: Run,
    as_json: AsJson = False,  # noqa: FBT002
    directory: Directory = None,
    data: Data = None,
    override: Overrides = None,
) -> None:
    """Print what a run did when: each step, call, timer, signal and child, how long it took, and how it ended."""
    going_back.print_timeline(fetched(Place.of(directory, data, override), run), as_json=as_json)


@app.command()
def why(
    run: Run,
    as_json: AsJson = False,  # noqa: FBT002
    directory: Directory = None,
    data: Data = None,
    override: Overrides = None,
) -> None:
    """Say why a run is where it is: what it waits for, the next wake-up first."""
    answer = Place.of(directory, data, override).ask("run.why", {"run": run})
    if as_json:
        print_json(line_of(answer))
        return
    typer.echo(f"{answer['pid']} is {answer['state']}")
    for reason in answer["reasons"]:
        typer.echo(f"  {reason}")


control.register(app)
app.command()(release.release)
app.command("repin")(repin.repin)
app.command("accept")(accept.accept)
app.command()(asking.query)
app.command()(resolve.resolve)
app.command()(travel.fork)
app.command()(debugging.debug)
app.command("export")(capsule.export)
app.command()(capsule.replay)
app.command()(asking.update)
app.command()(asking.wake)
app.command()(token.tokens)


def _events(place: Place, run: str) -> Iterator[dict[str, Any]]:
    after = 0
    while page := place.ask("run.history", {"run": run, "after": after, "limit": _PAGE}):
        yield from ({name: event[name] for name in _EVENT_FIELDS} for event in page)
        after = page[-1]["seq"]


@app.command()
def wait(  # noqa: PLR0913, PLR0917 - the options of the verb
    run: Run,
    until: Annotated[str, typer.Option("--until", help="The state to wait for.")] = "completed",
    timeout: Timeout = "30s",
    as_json: AsJson = False,  # noqa: FBT002
    directory: Directory = None,
    data: Data = None,
    override: Overrides = None,
) -> None:
    """Wait until a run is, or was, in a state, and print it; a run that ended without is a conflict (exit code 4)."""
    seconds = parse_seconds(timeout)
    asked = {"run": run, "until": until, "timeout": seconds}
    answer = Place.of(directory, data, override).ask("run.wait", asked, seconds)
    shown = {name: answer[name] for name in ("pid", "run_id", "state", "result", "error")}
    print_json(line_of(shown)) if as_json else print_fields(shown)
