"""The text of a value as a person looks at it while debugging: bounded, and made without running anybody's code.

No `__repr__` is called, no property is read: what a script's object holds is read off its dictionary and slots.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Final

from actorflow.errors import Failure
from actorflow.message import Message

_LONGEST: Final = 200
_MOST_ITEMS: Final = 20
_DEEPEST: Final = 4
_MOST_TEXT: Final = 4_000
_PLAIN: Final = frozenset({int, float, complex, bool, type(None)})
_SEVERAL: Final[dict[type, tuple[Callable[[Any], Iterator[Any]], str]]] = {
    list: (list.__iter__, "[]"),
    tuple: (tuple.__iter__, "()"),
    set: (set.__iter__, "{}"),
    frozenset: (frozenset.__iter__, "{}"),
    deque: (deque.__iter__, "[]"),
}


def shown(text: str | bytes) -> str:
    """Return text that may have come as bytes."""
    return text if isinstance(text, str) else text.decode(errors="replace")


def shown_value(value: Any) -> str:
    """Return the text of a value, at most some thousand characters."""
    return _Showing().value(value, 0)


class _Showing:
    """One value on its way to text; `_left` is how many characters may still be shown."""

    def __init__(self) -> None:
        self._left = _MOST_TEXT
        self._within: set[int] = set()

    def value(self, value: Any, depth: int) -> str:
        kind = type(value)
        if kind in _PLAIN:
            text = repr(value) if kind is not int or value.bit_length() < _LONGEST else "<a large integer>"
        elif kind is str or kind is bytes:
            text = repr(value[:_LONGEST]) + (f"… ({len(value)})" if len(value) > _LONGEST else "")
        elif issubclass(kind, Failure):
            text = f"<{value.kind}: {value.message[:_LONGEST]}>"
        else:
            return self._within_bounds(value, kind, depth)
        self._left -= len(text)
        return text

    def _within_bounds(self, value: Any, kind: type, depth: int) -> str:
        if id(value) in self._within:
            return "<itself>"
        if depth >= _DEEPEST or self._left <= 0:
            return "…"
        self._within.add(id(value))
        text = self._composed(value, kind, depth + 1)
        self._within.discard(id(value))
        return text

    def _composed(self, value: Any, kind: type, depth: int) -> str:
        if issubclass(kind, dict):
            pairs = (f"{self.value(key, depth)}: {self.value(item, depth)}" for key, item in dict.items(value))
            return "{" + self._several(pairs) + "}"
        for known, (iterate, brackets) in _SEVERAL.items():
            if issubclass(kind, known):
                items = (self.value(item, depth) for item in iterate(value))
                return brackets[0] + self._several(items) + brackets[1]
        if kind is Message:
            return f"<Message {value.topic!r} {self.value(list(value.payloads), depth)}>"
        fields = self._several(f"{name}={self.value(item, depth)}" for name, item in _fields(value, kind))
        return f"<{kind.__name__}{' ' if fields else ''}{fields}>"

    def _several(self, texts: Iterable[str]) -> str:
        parts: list[str] = []
        for text in islice(texts, _MOST_ITEMS + 1):
            if len(parts) == _MOST_ITEMS or self._left <= 0:
                parts.append("…")
                break
            parts.append(text)
            self._left -= 2
        return ", ".join(parts)


def _fields(value: Any, kind: type) -> Iterator[tuple[str, Any]]:
    """Yield what an object of a script's class holds; nothing of anybody else's."""
    if not str(kind.__dict__.get("__module__", "")).startswith("actorflow_script_"):
        return
    try:
        held = object.__getattribute__(value, "__dict__")
    except AttributeError:
        held = {}
    yield from islice(((str(name), item) for name, item in dict.items(held)), _MOST_ITEMS)
    for name in kind.__dict__.get("__slots__", ()):
        try:
            yield str(name), kind.__dict__[name].__get__(value)
        except (AttributeError, KeyError):
            continue
