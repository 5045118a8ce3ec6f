"""`actorflow metrics`: what scripts of a running node have counted and measured, as Prometheus reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import typer

from actorflow.cli.option import AsJson, Data, Directory
from actorflow.cli.output import print_json
from actorflow.cli.place import Place

_NO_NAME: Final = re.compile(r"[^a-zA-Z0-9_:]")
_NO_LABEL: Final = re.compile(r"[^a-zA-Z0-9_]")


def metrics(as_json: AsJson = False, directory: Directory = None, data: Data = None) -> None:  # noqa: FBT002
    """Print the metrics of the running node, in Prometheus' text format unless JSON is asked for."""
    series = Place.of(directory, data).client().request("metrics", {})
    if as_json:
        print_json(series)
        return
    for line in exposition(series):
        typer.echo(line)


def exposition(series: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the lines of Prometheus' text exposition format 0.0.4 for series, which come sorted by type and name.

    What that format does not allow in a name becomes `_`. A name that has two types is exposed with the type as suffix,
    but for the first.
    """
    types: dict[str, str] = {}
    told: set[str] = set()
    for one in series:
        name = _named(one["name"], _NO_NAME)
        if types.setdefault(name, one["type"]) != one["type"]:
            name = f"{name}_{one['type']}"
        if name not in told:
            told.add(name)
            yield f"# TYPE {name} {one['type']}"
        yield from _lines(name, one)


def _lines(name: str, one: Mapping[str, Any]) -> Iterator[str]:
    labels, value = {_named(key, _NO_LABEL): text for key, text in one["labels"].items()}, one["value"]
    if one["type"] != "histogram":
        yield f"{name}{_braced(labels)} {_number(value)}"
        return
    for bound, count in (*value["buckets"], ("+Inf", value["count"])):
        yield f"{name}_bucket{_braced({**labels, 'le': str(bound)})} {count}"
    yield f"{name}_sum{_braced(labels)} {_number(value['sum'])}"
    yield f"{name}_count{_braced(labels)} {value['count']}"


def _named(text: str, refused: re.Pattern[str]) -> str:
    name = refused.sub("_", text)
    return f"_{name}" if name[:1].isdigit() else name


def _braced(labels: Mapping[str, str]) -> str:
    parts = (f'{key}="{_escaped(text)}"' for key, text in labels.items())
    return f"{{{','.join(parts)}}}" if labels else ""


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return repr(value)
