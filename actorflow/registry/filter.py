"""Filters: which entries a script looks for, as a map of keys to what they must be.

A key is `.kind`, `.name`, `.ns` or `.id` (the dot may be missing), `meta.x`, `data.x`, or a bare key of meta such as
`type`. What must be is a text in which `*` and `?` stand for any text and any character, another value, or a list of
those, of which one suffices; a list in the entry fits when one of its items does. Before the key stand `~` for a
regular expression, `*` for a part, `^` for a beginning and `$` for an end; all but `*` may also stand before the text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from re import escape
from typing import Any, Final, TypeAlias

from actorflow.errors import invalid
from actorflow.module.search import searcher
from actorflow.registry.fault import shown
from actorflow.registry.registry import Entry

Test: TypeAlias = Callable[[Any], bool]

_FIELDS: Final[Mapping[str, Callable[[Entry], Any]]] = {
    "kind": lambda entry: entry.kind,
    "name": lambda entry: entry.name,
    "ns": lambda entry: entry.namespace,
    "namespace": lambda entry: entry.namespace,
    "id": lambda entry: entry.id,
}
_OPERATORS: Final = "~*^$"


def select(entries: Iterable[Entry], wanted: Any) -> list[Entry]:
    """Return the entries that fit a filter, in their order; all without one.

    Raises:
        Error: kind Invalid, for what is no filter, naming the key.
    """
    if wanted in (None, []):
        wanted = {}
    if not isinstance(wanted, Mapping):
        raise invalid(f"registry.find: got {shown(wanted)}, expected a map of keys to values")
    conditions = [_condition(key, value) for key, value in wanted.items()]
    return [entry for entry in entries if all(condition(entry) for condition in conditions)]


def _condition(key: Any, value: Any) -> Callable[[Entry], bool]:
    if not isinstance(key, str) or not key.strip(_OPERATORS):
        raise invalid(
            f"registry.find: got the key {shown(key)}, expected .kind, .name, .ns, .id, meta.… or a key of meta"
        )
    operator = key[0] if key[0] in _OPERATORS else ""
    get, test = _getter(key.removeprefix(operator)), _any_of(operator, value, key)
    return lambda entry: _fits(get(entry), test)


def _getter(key: str) -> Callable[[Entry], Any]:
    field = _FIELDS.get(key.removeprefix("."))
    if field is not None:
        return field
    if key.startswith("."):
        raise invalid(f"registry.find: no key {key!r}, there are {', '.join(f'.{name}' for name in _FIELDS)}")
    root, _, path = key.partition(".")
    if root == "data" and path:
        return lambda entry: _at(entry.data, path)
    path = path if root == "meta" and path else key
    return lambda entry: _at(entry.meta, path)


def _at(value: Any, path: str) -> Any:
    """Return what stands at a dotted path; a key that has dots itself is found too."""
    if isinstance(value, Mapping) and path in value:
        return value[path]
    for part in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value


def _fits(found: Any, test: Test) -> bool:
    return any(test(item) for item in found) if isinstance(found, list | tuple) else test(found)


def _any_of(operator: str, value: Any, key: str) -> Test:
    if isinstance(value, list | tuple):
        tests = [_any_of(operator, item, key) for item in value]
        return lambda found: any(test(found) for test in tests)
    if isinstance(value, Mapping):
        raise invalid(f"registry.find: got a map for {key!r}, expected a text, a number, true, false or a list")
    if not operator and isinstance(value, str) and len(value) > 1 and value[0] in "~^$":
        operator, value = value[0], value[1:]
    if operator:
        return _with_operator(operator, value, key)
    if isinstance(value, str) and ("*" in value or "?" in value):
        pattern = searcher(_glob(value))
        return lambda found: isinstance(found, str) and pattern.search(found.encode()) is not None
    return lambda found: found == value and isinstance(found, bool) is isinstance(value, bool)


def _with_operator(operator: str, value: Any, key: str) -> Test:
    if not isinstance(value, str):
        raise invalid(f"registry.find: got {shown(value)} for {key!r}, expected text")
    if operator == "~":
        pattern = searcher(value)
        return lambda found: isinstance(found, str) and pattern.search(found.encode()) is not None
    compare: Callable[[str], bool] = {
        "*": lambda found: value in found,
        "^": lambda found: found.startswith(value),
        "$": lambda found: found.endswith(value),
    }[operator]
    return lambda found: isinstance(found, str) and compare(found)


def _glob(pattern: str) -> str:
    """Return the regular expression of a pattern with `*` and `?`."""
    wild = {"*": ".*", "?": "."}
    return "(?s)\\A" + "".join(wild.get(part) or escape(part) for part in pattern) + "\\z"
