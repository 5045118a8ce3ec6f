"""`actorflow run tokens`: the key-values of a run, and where each came from."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from actorflow.cli.option import AsJson, Data, Directory, Overrides
from actorflow.cli.output import print_rows
from actorflow.cli.place import Place

_FIELDS: Final = ("key", "value", "source", "step", "by", "at", "seq")
Run = Annotated[str, typer.Argument(metavar="RUN", help="A PID, a workflow id or a run id.")]
History = Annotated[bool, typer.Option("--history", help="Every value that each has had, oldest first.")]


def tokens(  # noqa: PLR0913, PLR0917 - the options of the verb
    run: Run,
    history: History = False,  # noqa: FBT002 - typer makes flags of booleans
    as_json: AsJson = False,  # noqa: FBT002
    directory: Directory = None,
    data: Data = None,
    override: Overrides = None,
) -> None:
    """Print the tokens of a run: the value that each has now, who set it, and in which step."""
    lines: list[dict[str, Any]] = Place.of(directory, data, override).ask("run.tokens", {"run": run})
    if not history:
        lines = list({line["key"]: line for line in lines}.values())
    print_rows(
        [{name: line.get(name) for name in _FIELDS} for line in lines], _FIELDS, as_json=as_json, empty="no tokens"
    )
