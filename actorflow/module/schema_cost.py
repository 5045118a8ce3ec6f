"""How much work it is to hold data against a JSON Schema, found by walking both, before anybody does it.

References can make a short schema mean exponential work, which no library bounds and nothing can interrupt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

from actorflow.errors import invalid

MOST_STEPS: Final = 50_000
_SAME: Final = ("not", "if", "then", "else", "contentSchema")
_SAME_LISTS: Final = ("allOf", "anyOf", "oneOf")
_OF_MEMBERS: Final = ("additionalProperties", "unevaluatedProperties", "propertyNames")
_OF_ITEMS: Final = ("contains", "additionalItems", "unevaluatedItems")
_UNEVALUATED: Final = ("unevaluatedProperties", "unevaluatedItems")
_SHORT: Final = 16
"""Comparisons that are as much work as a step."""
_REFERENCES: Final = ("$ref", "$dynamicRef", "$recursiveRef")


def check_cost(schema: Any, data: Any) -> None:
    """Do nothing if the work is at most `MOST_STEPS` steps, one for each pair of a subschema and a value.

    Raises:
        Error: kind Invalid, when it is more.
    """
    try:
        _Walk(schema).visit(schema, data)
    except RecursionError:
        raise _too_much() from None


class _Walk:
    """One walk: the steps left, the subschemas with a name, and the pairs that are being visited."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self._left = MOST_STEPS
        self._open: set[tuple[int, int]] = set()
        self._named: dict[str, Any] = {}
        self._collect(root)

    def _collect(self, schema: Any) -> None:
        for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
            self._collect(part)
        if isinstance(schema, dict):
            for key, sign in (("$anchor", "#"), ("$dynamicAnchor", "#"), ("$id", ""), ("id", "")):
                if isinstance(schema.get(key), str):
                    self._named.setdefault(sign + schema[key], schema)

    def visit(self, schema: Any, data: Any) -> None:
        self._left -= _weight(schema, data)
        if self._left < 0:
            raise _too_much()
        pair = (id(schema), id(data))
        if not isinstance(schema, dict) or pair in self._open:  # a reference to itself for the same value ends there
            return
        self._open.add(pair)
        for part, value in self._parts(schema, data):
            self.visit(part, value)
        self._open.discard(pair)

    def _parts(self, schema: Mapping[str, Any], data: Any) -> Iterator[tuple[Any, Any]]:
        for key in _REFERENCES:
            if isinstance(schema.get(key), str):
                yield self._target(schema[key]), data
        yield from ((schema[key], data) for key in _SAME if key in schema)
        for key in _SAME_LISTS:
            yield from ((part, data) for part in _items(schema.get(key)))
        for key in ("dependentSchemas", "dependencies"):
            yield from ((part, data) for part in _values(schema.get(key)))
        if isinstance(data, dict):
            yield from self._of_members(schema, data)
        elif isinstance(data, list):
            yield from self._of_items(schema, data)

    @staticmethod
    def _of_members(schema: Mapping[str, Any], data: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
        properties = schema.get("properties")
        known = properties if isinstance(properties, dict) else {}
        others = [*_values(schema.get("patternProperties")), *[schema[key] for key in _OF_MEMBERS if key in schema]]
        for name, value in data.items():
            if name in known:
                yield known[name], value
            yield from ((part, value) for part in others)

    @staticmethod
    def _of_items(schema: Mapping[str, Any], data: list[Any]) -> Iterator[tuple[Any, Any]]:
        items = schema.get("items")
        places = [*_items(items), *_items(schema.get("prefixItems"))]
        yield from zip(places, data, strict=False)
        each = [*([items] if isinstance(items, dict) else []), *[schema[key] for key in _OF_ITEMS if key in schema]]
        for value in data:
            yield from ((part, value) for part in each)

    def _target(self, reference: str) -> Any:
        """Return what a reference names; the whole schema when that is not found here."""
        if reference in self._named:
            return self._named[reference]
        place: Any = self._root
        for step in reference.partition("#")[2].split("/")[1:]:
            name = unquote(step).replace("~1", "/").replace("~0", "~")
            if isinstance(place, list):
                place = place[int(name)] if name.isdecimal() and int(name) < len(place) else None
            else:
                place = place.get(name) if isinstance(place, dict) else None
        return self._root if place is None else place


def _weight(schema: Any, data: Any) -> int:
    """Return the work of one pair: comparisons with a list are short, what is unevaluated is asked of each part."""
    if not isinstance(schema, dict):
        return 1
    compared = len(_items(schema.get("enum"))) + len(_items(schema.get("required")))
    parts = (
        sum(len(_items(schema.get(key))) for key in _SAME_LISTS) if any(key in schema for key in _UNEVALUATED) else 0
    )
    return 1 + compared // _SHORT + (len(data) * parts // _SHORT if isinstance(data, dict | list) else 0)


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _values(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else []


def _too_much() -> Exception:
    return invalid(
        f"json.validate: schema and data mean more than {MOST_STEPS:,} steps of work; check a part at a time"
    )
