"""Where a command gets a run from that it looks at, and files of runs: `actorflow run export` and `run replay`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from actorflow.cli.failing import FAILED, Ending
from actorflow.cli.option import AsJson, Data, Directory, Overrides
from actorflow.cli.output import line_of, print_json, print_rows
from actorflow.cli.place import Place
from actorflow.errors import PERMISSION_DENIED, Error

if TYPE_CHECKING:
    from actorflow.store.capsule import Capsule

Run = Annotated[str, typer.Argument(metavar="RUN", help="A PID, a workflow id or a run id.")]
KeyEnv = Annotated[str, typer.Option("--key-env", metavar="NAME", help="The environment variable that has the key.")]
Trust = Annotated[bool, typer.Option("--trust", help="Run the Python code in the file, which nothing confines.")]
_SUFFIX: Final = ".afrun"
_EVENT: Final = ("seq", "kind", "ref", "target", "step", "payload", "drawn")


def fetched(place: Place, run: str) -> Capsule:
    """Return a run as its store has it at this moment.

    Raises:
        Error: kind NotFound.
    """
    from actorflow.store.capsule import capsule_of  # noqa: PLC0415 - loads the stores

    plain: dict[str, Any] = place.ask("run.capsule", {"run": run})
    events, last = plain["events"], plain["row"]["last_seq"]
    run_id = plain["row"]["run_id"]
    while events[-1][0] < last:
        events += place.ask("run.capsule", {"run": run_id, "after": events[-1][0]})["events"]
    return capsule_of({**plain, "events": events[:last]})


def opened(file: Path, key_env: str = "", *, trust: bool = False) -> Capsule:
    """Return the run in a file.

    Raises:
        Error: as `read_capsule`; kind PermissionDenied for Python code that is not trusted: unlike Lua's, nothing keeps
            it from the machine that it runs on.
    """
    from actorflow.store.capsule_file import key_from, read_capsule  # noqa: PLC0415 - loads the stores

    capsule = read_capsule(file, key_from(key_env, os.environ))
    if any(source.language == "py" for source in capsule.sources) and not trust:
        text = f"{file}: the run of {capsule.bundle.id} is in Python, and a replay would run that code with your rights"
        raise Error(f"{text}; `--source` prints it, `--trust` runs it", PERMISSION_DENIED, retryable=False)
    return capsule


def is_file(run: str) -> bool:
    """Tell whether what is named is a file of a run."""
    return run.endswith(_SUFFIX)


def export(  # noqa: PLR0913, PLR0917 - the options of the verb
    run: Run,
    file: Annotated[Path, typer.Argument(metavar="FILE.afrun", help="The file to write.")],
    redact: Annotated[bool, typer.Option("--redact", help="Withhold all values.")] = False,  # noqa: FBT002 - typer makes flags of booleans
    redact_keys: Annotated[
        str, typer.Option("--redact-keys", metavar="A,B", help="Withhold what these keys hold.")
    ] = "",
    key_env: KeyEnv = "",
    as_json: AsJson = False,  # noqa: FBT002
    directory: Directory = None,
    data: Data = None,
    override: Overrides = None,
) -> None:
    """Write all that is known of a run into one file, which can be replayed on any machine."""
    from actorflow.store.capsule_file import key_from, write_capsule  # noqa: PLC0415 - loads the stores
    from actorflow.store.redact import redacted  # noqa: PLC0415

    if not is_file(str(file)):
        raise typer.BadParameter(f"got {file}, expected the name of a file that ends in {_SUFFIX}")
    if redact and redact_keys:
        raise typer.BadParameter("--redact withholds everything: leave --redact-keys out")
    key = key_from(key_env, os.environ)
    capsule = fetched(Place.of(directory, data, override), run)
    keys = [name.strip() for name in redact_keys.split(",") if name.strip()]
    if redact or keys:
        capsule = redacted(capsule, keys)
    size = write_capsule(capsule, file, key)
    if as_json:
        print_json({"file": str(file), "bytes": size, "events": len(capsule.held.events), "redacted": capsule.redacted})
    else:
        typer.echo(f"{file}: {len(capsule.held.events)} events, {size} bytes")


def replay(  # noqa: PLR0913, PLR0917 - the options of the verb
    file: Annotated[Path, typer.Argument(metavar="FILE.afrun", help="A file that `run export` has written.")],
    history: Annotated[bool, typer.Option("--history", help="Print the journal.")] = False,  # noqa: FBT002
    timeline: Annotated[bool, typer.Option("--timeline", help="Print what the run did when.")] = False,  # noqa: FBT002
    source: Annotated[bool, typer.Option("--source", help="Print the source.")] = False,  # noqa: FBT002
    debug: Annotated[bool, typer.Option("--debug", help="Go through it step by step.")] = False,  # noqa: FBT002
    at: Annotated[int | None, typer.Option("--at", metavar="SEQ", min=1, help="As it was after this event.")] = None,
    key_env: KeyEnv = "",
    trust: Trust = False,  # noqa: FBT002
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Replay a run from a file, and say whether its source repeats the journal; nothing is performed or written."""
    from actorflow.cli import debug as debugging  # noqa: PLC0415 - it needs this file
    from actorflow.cli.going_back import print_past, print_timeline  # noqa: PLC0415

    capsule = opened(file, key_env, trust=trust or source or history or timeline)
    if source:
        _print_source(capsule, as_json=as_json)
    elif history:
        _print_history(capsule, as_json=as_json)
    elif timeline:
        print_timeline(capsule, as_json=as_json)
    elif at is not None:
        print_past(capsule, at, as_json=as_json)
    elif debug:
        debugging.converse(capsule, as_json=as_json)
    else:
        _judge(capsule, as_json=as_json)


def _judge(capsule: Capsule, *, as_json: bool) -> None:
    from actorflow.app import verdict_of  # noqa: PLC0415 - loads the languages
    from actorflow.run.verdict import DIVERGES  # noqa: PLC0415

    verdict = verdict_of(capsule)
    row = capsule.held.row
    line = {
        "workflow_id": row.workflow_id,
        "entry": row.entry,
        "state": row.state,
        "events": len(capsule.held.events),
        "engine": capsule.engine,
        "redacted": capsule.redacted,
        "verdict": verdict.word,
        "step": verdict.step or None,
        "reason": verdict.reason,
        "report": verdict.report,
    }
    if as_json:
        print_json(line)
    else:
        typer.echo(f"{row.workflow_id} ({row.entry}), {row.state}: {verdict.word}: {verdict.reason}")
        if verdict.report:
            typer.echo(verdict.report)
    if verdict.word == DIVERGES:
        raise Ending(FAILED)


def _print_history(capsule: Capsule, *, as_json: bool) -> None:
    from actorflow.store.view import event_line  # noqa: PLC0415

    print_rows([event_line(event) for event in capsule.held.events], _EVENT, as_json=as_json, empty="no events")


def _print_source(capsule: Capsule, *, as_json: bool) -> None:
    found = {(unit["id"], unit["source"]): unit for source in capsule.sources for unit in _units(source)}
    units: Sequence[dict[str, Any]] = list(found.values())
    if as_json:
        print_json([line_of(unit) for unit in units])
        return
    for unit in units:
        typer.echo(f"# {unit['id']} ({unit['file'] or 'inline'})\n{unit['source']}")


def _units(bundle: Any) -> Sequence[dict[str, Any]]:
    own = {"id": bundle.id, "kind": bundle.kind, "file": bundle.file, "source": bundle.source}
    return [*(unit for library in bundle.imports.values() for unit in _units(library)), own]
