"""Search attributes as rows: each value has a text by which it is found, and a kind by which it is given back.

An integer and a float of the same value have the same text, so that `n=5` finds both; a list is found by each of its
texts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from actorflow.codec import decode, encode

_MEMO: Final = "@memo."
"""What begins the name under which an entry of a memo is kept: no search attribute is called so."""
_KINDS: Final[tuple[tuple[type, str], ...]] = ((bool, "bool"), (int, "int"), (float, "float"), (str, "text"))


def attribute_rows(run: int, values: Mapping[str, Any]) -> Iterator[tuple[int, str, int, str, str]]:
    """Iterate (run, name, place, kind, text) of attributes; one that is None has no row."""
    for name, value in values.items():
        if name.startswith(_MEMO):
            if value is not None:
                yield run, name, 0, "memo", encode(value).hex()
        elif isinstance(value, list | tuple):
            for place, item in enumerate(value):
                yield run, name, place, "list", str(item)
        elif value is not None:
            yield run, name, 0, _kind(value), attribute_text(value)


def attribute_text(value: Any) -> str:
    """Return the text that an attribute is found by."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, str) else json.dumps(value)


def attributes_of(rows: Iterable[tuple[str, str, str]]) -> dict[str, Any]:
    """Return the attributes that (name, kind, text) are, in order of their places."""
    found: dict[str, Any] = {}
    for name, kind, text in rows:
        if kind == "memo":
            continue
        if kind == "list":
            found.setdefault(name, []).append(text)
        else:
            found[name] = _value(kind, text)
    return found


def memo_names(memo: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entries of a memo under the names by which they are kept beside attributes."""
    return {f"{_MEMO}{name}": value for name, value in memo.items()}


def memo_of(rows: Iterable[tuple[str, str, str]]) -> dict[str, Any]:
    """Return the memo among (name, kind, text)."""
    return {name.removeprefix(_MEMO): decode(bytes.fromhex(text)) for name, kind, text in rows if kind == "memo"}


def _kind(value: Any) -> str:
    return next(name for kind, name in _KINDS if isinstance(value, kind))


def _value(kind: str, text: str) -> Any:
    if kind == "text":
        return text
    return float(text) if kind == "float" else json.loads(text)
