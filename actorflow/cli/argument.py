"""Reading what is typed: ARGS as JSON or `key=value`, messages as `topic=json`, durations."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from actorflow.duration import SECOND, parse_duration
from actorflow.errors import invalid

_PAIR: Final = re.compile(r"([A-Za-z_][\w.-]*)=(.*)", re.DOTALL)
_MEANT_AS_JSON: Final = ("{", "[", '"')
_PID: Final = re.compile(r"\{[^\s{}|\"]+\|[^{}\"]+\}")


def parse_args(texts: Iterable[str]) -> list[Any]:
    """Return the positional arguments that ARGS mean.

    Each is JSON, or text when it is not, or comes from a file or stdin (see `parse_value`); all `key=value` together
    are one map, at the place of the first.

    Raises:
        Error: kind Invalid, for what begins like JSON and is not.
    """
    arguments: list[Any] = []
    pairs: dict[str, Any] | None = None
    for text in texts:
        pair = _PAIR.fullmatch(text)
        if pair is None:
            arguments.append(parse_value(text))
            continue
        if pairs is None:
            pairs = {}
            arguments.append(pairs)
        pairs[pair[1]] = parse_value(pair[2])
    return arguments


def parse_value(text: str) -> Any:
    """Return the JSON value that `text` is, or the text itself, as that of a PID.

    `@FILE` is the value in a file, `-` that of stdin.

    `@@…` is text that begins with one `@`.

    Raises:
        Error: kind Invalid, for what begins like JSON and is not, and for a file that cannot be read as text.
    """
    if text == "-" or (text.startswith("@") and not text.startswith("@@")):
        return _value_in(text)
    return _plain_value(text[1:] if text.startswith("@@") else text)


def _value_in(place: str) -> Any:
    """Return the value in a file or in stdin: JSON, or text without the line break at its end."""
    try:
        text = sys.stdin.read() if place == "-" else Path(place[1:]).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        what = "stdin" if place == "-" else f"file {place[1:]!r}"
        hint = "" if place == "-" else "; for text that begins with @ write @@"
        raise invalid(f"{what} cannot be read: {error}{hint}") from None
    return _plain_value(text.removesuffix("\n"), place)


def _plain_value(text: str, place: str = "") -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        if text.startswith(_MEANT_AS_JSON) and not _PID.fullmatch(text):
            shown = text if len(text) <= 60 else f"{text[:60]}…"  # noqa: PLR2004 - enough to recognise it
            where = f"{place}: " if place else ""
            raise invalid(f"{where}not JSON: got {shown!r} ({error}), expected JSON, key=value or plain text") from None
        return text


def parse_message(text: str) -> tuple[str, list[Any]]:
    """Return topic and payloads of `topic=json`; without `=` there is no payload.

    Raises:
        Error: kind Invalid, without a topic, or for a payload that begins like JSON and is not.
    """
    topic, equals, payload = text.partition("=")
    if not topic:
        raise invalid(f"--message: got {text!r}, expected topic=json")
    return topic, [parse_value(payload)] if equals else []


def parse_seconds(text: str) -> float:
    """Return the seconds of a duration such as `30s`; a bare number is seconds.

    Raises:
        Error: kind Invalid, when it is no duration or negative.
    """
    bare = re.fullmatch(r"\d+(\.\d+)?", text.strip())
    seconds = float(text) if bare else parse_duration(text) / SECOND
    if seconds < 0:
        raise invalid(f"a time-out cannot be negative: got {text!r}")
    return seconds


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def parse_pairs(texts: Iterable[str], option: str) -> dict[str, Any]:
    """Return the map that several `key=value` are; each value is as `parse_value` reads it.

    Raises:
        Error: kind Invalid, for text that is no pair.
    """
    pairs: dict[str, Any] = {}
    for text in texts:
        found = _PAIR.fullmatch(text)
        if found is None:
            raise invalid(f"{option}: got {text!r}, expected KEY=VALUE")
        pairs[found[1]] = parse_value(found[2])
    return pairs


def start_options(texts: Iterable[str] | None, **given: Any) -> dict[str, Any]:
    """Return the start options that `--option KEY=VALUE` and the flags of `spawn` mean; flags that are given win."""
    written = parse_pairs(texts or (), "--option")
    options = {name if "." in name else f"workflow.{name}": value for name, value in written.items()}
    return options | {f"workflow.{name}": value for name, value in given.items() if value}


def asker(actor: str | None, scope: Iterable[str] | None) -> dict[str, Any]:
    """Return who asks, as requests name it, by the options `--actor` and `--scope`; nothing without them.

    Raises:
        Error: kind Invalid, for what begins like JSON and is not.
    """
    who: dict[str, Any] = {}
    if actor is not None:  # an empty one is somebody's mistake, and not the application itself
        value = parse_value(actor)
        who["actor"] = value if isinstance(value, dict) else {"id": value if isinstance(value, str) else actor}
    if scope is not None:
        who["scope"] = [policy for policy in scope if policy]
    return who
