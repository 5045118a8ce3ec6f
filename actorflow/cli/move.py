"""`actorflow move`: runs from one database to another, beside the nodes that serve them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from actorflow.cli.failing import FAILED, Ending
from actorflow.cli.option import AsJson, Data, Directory, Overrides
from actorflow.cli.output import print_json
from actorflow.cli.place import Place
from actorflow.errors import invalid
from actorflow.run.state import TRANSITIONS

if TYPE_CHECKING:
    from actorflow.store.database import Database
    from actorflow.store.relocate.relocation import Result

To = Annotated[str, typer.Option("--to", metavar="URL|ID", help="postgresql://…, mysql://…, sqlite:///FILE, or an id.")]
From = Annotated[
    str, typer.Option("--from", metavar="URL|ID", help="Default: the databases of the hosts.", show_default=False)
]
Host = Annotated[str, typer.Option("--host", help="Only runs of this host.", show_default=False)]
Prefix = Annotated[str, typer.Option("--prefix", help="Only workflow ids that begin so.", show_default=False)]
State = Annotated[str, typer.Option("--state", help="Only runs in this state.", show_default=False)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be moved, and change nothing.")]
_SHOWN: Final = 20


def move(  # noqa: PLR0913, PLR0917 - the options of the verb
    to: To,
    source: From = "",
    host: Host = "",
    prefix: Prefix = "",
    state: State = "",
    dry_run: DryRun = False,  # noqa: FBT002 - typer makes flags of booleans
    as_json: AsJson = False,  # noqa: FBT002
    directory: Directory = None,
    data: Data = None,
    override: Overrides = None,
) -> None:
    """Move runs to another database, live: each is turned by one side only; what was interrupted goes on."""
    from actorflow.store.port import RunFilter  # noqa: PLC0415 - loads the database modules
    from actorflow.store.relocate.move import move_runs  # noqa: PLC0415

    if state and state not in TRANSITIONS:
        raise invalid(f"--state: got {state!r}, expected one of {', '.join(TRANSITIONS)}")
    place = Place.of(directory, data, override)
    which = RunFilter(host=host, prefix=prefix, state=state)
    answers = []
    for database in _sources(place, source, to):
        target = place.database_at(to, database.vault)
        result = move_runs(database, target, which, dry_run=dry_run, told=_progress)
        answers.append((database.place, target.place, result))
    _print(answers, dry_run=dry_run, as_json=as_json)
    if any(result.stayed for _, _, result in answers):
        raise Ending(FAILED)


def _sources(place: Place, source: str, to: str) -> list[Database]:
    if source:
        return [place.database_at(source)]
    found = {name: database for name, database in place.databases().items() if name != to}
    if not found:
        raise invalid(f"every host keeps its runs in {to} already; name where they come from with --from")
    return list(found.values())


def _progress(result: Result) -> None:
    if sys.stderr.isatty():
        typer.echo(f"\r{result.moved} runs moved, {len(result.stayed)} families stay ", err=True, nl=False)


def _print(answers: list[tuple[str, str, Result]], *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json([_plain(*answer, dry_run=dry_run) for answer in answers])
        return
    for source, target, result in answers:
        verb = "would be moved" if dry_run else "moved"
        typer.echo(f"{source} -> {target}: {result.moved} runs {verb}, {result.events} events{_beside(result)}")
        for workflow_id, why in result.stayed[:_SHOWN]:
            typer.echo(f"{workflow_id}: stays, with all that belong to it: {why}", err=True)
        if len(result.stayed) > _SHOWN:
            typer.echo(f"… and {len(result.stayed) - _SHOWN} more; --json lists all", err=True)


def _beside(result: Result) -> str:
    parts = [f"; {result.along} of them belong to those that were asked for"] if result.along else []
    parts += [f"; {result.finished} of them an earlier move had left on their way"] if result.finished else []
    return "".join(parts)


def _plain(source: str, target: str, result: Result, *, dry_run: bool) -> dict[str, Any]:
    return {
        "from": source,
        "to": target,
        "dry_run": dry_run,
        "moved": result.moved,
        "events": result.events,
        "along": result.along,
        "finished": result.finished,
        "stayed": [{"workflow_id": workflow_id, "why": why} for workflow_id, why in result.stayed],
    }
