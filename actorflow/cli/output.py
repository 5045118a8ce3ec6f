"""What the command line prints: rich tables on a terminal, plain columns elsewhere, one JSON document on request."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import typer

from actorflow.clock import instant_of
from actorflow.errors import Failure

_INSTANTS: Final = frozenset(
    {"created", "updated", "at", "started", "ended", "since", "next_start", "deadline", "decided", "taken_back"}
)
"""Fields that hold Unix nanoseconds."""
_SHORT: Final = 60


def plain(value: Any, *, field: str = "") -> Any:
    """Return a value as JSON can hold it: bytes as base64, failures as maps, times as ISO 8601."""
    if isinstance(value, Failure):
        shown = {"message": value.message, "kind": value.kind, "retryable": value.retryable}
        more = {name: plain(item) for name, item in (("details", value.details), ("stack", value.stack)) if item}
        return shown | more
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return instant_of(value) if field in _INSTANTS and isinstance(value, int) and value else value


def line_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a line of a listing as JSON can hold it, its times as ISO 8601."""
    return {name: plain(item, field=name) for name, item in row.items()}


def print_json(value: Any) -> None:
    """Print one JSON document."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None, default=str))


def print_value(value: Any, *, as_json: bool) -> None:
    """Print a result: text as it is, anything else as JSON; nothing for None unless JSON is asked for."""
    if as_json:
        print_json(plain(value))
    elif isinstance(value, str):
        typer.echo(value)
    elif value is not None:
        typer.echo(json.dumps(plain(value), ensure_ascii=False))


def print_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool, empty: str) -> None:
    """Print a listing; `columns` are the fields that people see, JSON has all of them."""
    if as_json:
        print_json([line_of(row) for row in rows])
    elif not rows:
        typer.echo(empty, err=True)
    elif sys.stdout.isatty():
        _print_table(rows, columns)
    else:
        _print_columns(rows, columns)


def print_fields(fields: Mapping[str, Any]) -> None:
    """Print one thing, a field a line."""
    width = max((len(name) for name in fields), default=0)
    for name, value in fields.items():
        typer.echo(f"{name.ljust(width)}  {cell(name, value)}")


def cell(name: str, value: Any, *, short: bool = False) -> str:
    """Return what a person sees of a field."""
    if value is None or value == "":
        return "-"
    if isinstance(value, Failure):
        text = f"{value.kind}: {value.message}"
    elif name in _INSTANTS and isinstance(value, int):
        text = instant_of(value)
    elif isinstance(value, str):
        text = value
    elif isinstance(value, list) and all(isinstance(item, str) for item in value):
        text = ", ".join(value) or "-"
    else:
        text = json.dumps(plain(value), ensure_ascii=False, separators=(",", ":"), default=str)
    text = text.replace("\n", " ") if short else text
    return f"{text[: _SHORT - 1]}…" if short and len(text) > _SHORT else text


def _cells(row: Mapping[str, Any], columns: Iterable[str]) -> list[str]:
    return [cell(name, row.get(name), short=name not in {"pid", "workflow_id", "run_id"}) for name in columns]


def _print_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    from rich.console import Console  # noqa: PLC0415 - costs a tenth of a second, and most commands print no table
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(*columns, header_style="bold")
    for row in rows:
        table.add_row(*(Text(text) for text in _cells(row, columns)))
    Console().print(table)


def _print_columns(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    lines = [list(columns), *(_cells(row, columns) for row in rows)]
    widths = [max(len(line[index]) for line in lines) for index in range(len(columns))]
    for line in lines:
        typer.echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())
