"""The options that verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

Directory = Annotated[
    Path | None,
    typer.Option("--directory", "-C", help="The registry; default: ./config if there is one, else this directory."),
]
Positional = Annotated[
    Path | None, typer.Argument(metavar="[DIR]", help="The registry, the same as -C.", show_default=False)
]
DATA: Final = typer.Option(
    *("--data", "--data-directory"),
    help="The data directory; default: ACTORFLOW_DATA, else .actorflow in the registry.",
)
Data = Annotated[Path | None, DATA]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--override", "-o", metavar="NS:ENTRY:PATH=VALUE", help="Replace one field of one entry; repeatable."),
]
View = Annotated[
    str,
    typer.Option("--view", metavar="luno|pikku|workflowable", help="In another system's words.", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Timeout = Annotated[str, typer.Option("--timeout", metavar="DURATION", help="How long to wait, e.g. 30s or 5m.")]
Arguments = Annotated[
    list[str] | None, typer.Argument(metavar="[ARGS]…", help="JSON, key=value, plain text, @FILE, or - for stdin.")
]
Actor = Annotated[
    str | None,
    typer.Option("--actor", metavar="ID|JSON", help='Who asks: an id, or {"id": …, "meta": {…}}.', show_default=False),
]
Scope = Annotated[
    list[str] | None, typer.Option("--scope", metavar="POLICY", help="Id of a policy that judges this; repeatable.")
]
Limit = Annotated[int, typer.Option("--limit", min=1, help="At most this many.")]


def one_directory(positional: Path | None, named: Path | None) -> Path | None:
    """Return the registry that is named after the verb or with `-C`.

    Raises:
        typer.BadParameter: when it is named twice.
    """
    if positional is not None and named is not None:
        message = f"got the registry {positional} and -C {named}, expected one of them"
        raise typer.BadParameter(message)
    return positional or named
