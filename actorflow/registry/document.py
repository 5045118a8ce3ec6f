"""Documents: parsed text as plain values, with the line of every key kept beside them.

Built from the events of a parser (`yaml_file`, `json_file`) without recursion. What makes a value unusable without
making the text unreadable (a key written twice, a foreign tag) is an `Issue`: it matters only in a registry file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from actorflow.registry.fault import dotted, shown

Path: TypeAlias = tuple[str | int, ...]

MAX_DEPTH: Final = 64
MAX_ALIASED: Final = 100_000
"""How many values all aliases of one text may stand for together."""

_INT_MIN: Final = -(2**63)
_INT_MAX: Final = 2**63 - 1
_UNSET: Final = object()
_REFUSED: Final = object()


class SyntaxFault(Exception):
    """Text that cannot be read at all."""

    def __init__(self, line: int, got: str, expected: str, suggestion: str = "") -> None:
        """Say where (line from 1), what was got and what was expected."""
        super().__init__(got)
        self.line = line
        self.got = got
        self.expected = expected
        self.suggestion = suggestion


@dataclass(frozen=True, slots=True)
class Issue:
    """Something in readable text that a registry file may not hold."""

    line: int
    path: str
    got: str
    expected: str
    suggestion: str = ""


@dataclass(slots=True)
class Mark:
    """Where a value stands: the line of its key (or of itself in a list), and the marks of what is in it.

    `text` is the number of lines before the first line of a text's own content; -1 for what is not text.
    """

    line: int
    children: dict[Any, Mark] = field(default_factory=dict)
    text: int = -1

    def at(self, path: Path) -> Mark:
        """Return the mark at `path`, or the closest one around it."""
        mark = self
        for part in path:
            if part not in mark.children:
                break
            mark = mark.children[part]
        return mark


@dataclass(slots=True)
class Document:
    """One document: its value, where everything stands, and what is wrong with it."""

    value: Any
    mark: Mark
    issues: list[Issue]


@dataclass(slots=True)
class _Frame:
    """A container being filled."""

    value: Any
    mark: Mark
    anchor: str | None
    before: int
    key: Any = _UNSET
    key_line: int = 0
    height: int = 1
    merges: list[tuple[Any, Mark]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Anchored:
    """What an anchor names, with its size and height; still open while `size` is 0."""

    value: Any
    mark: Mark
    size: int
    height: int


MERGE: Final = object()
"""The key `<<`, as a parser hands it to `Builder.scalar`."""


class Builder:
    """Builds one document from events: scalars, opened and closed containers, aliases."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._stack: list[_Frame] = []
        self._anchors: dict[str, _Anchored] = {}
        self._count = 0
        self._aliased = 0
        self._value: Any = None
        self._mark = Mark(1)
        self.issues: list[Issue] = []

    def document(self) -> Document:
        """Return what was built."""
        return Document(self._value, self._mark, self.issues)

    def scalar(self, value: Any, line: int, text: int = -1, anchor: str | None = None) -> None:
        """Take a scalar, as a key or a value, whichever is due."""
        self._count += 1
        if self._stack and self._key_due():
            self._take_key(value, line)
            if anchor is not None:
                self._anchors[anchor] = _Anchored(value, Mark(line, text=text), 1, 0)
            return
        if value is MERGE:
            value = "<<"
        if type(value) is int and not _INT_MIN <= value <= _INT_MAX:
            self.issue(line, "an integer beyond 64 bits", "at most 64 bits; put larger numbers in quotes")
        mark = Mark(line, text=text)
        if anchor is not None:
            self._anchors[anchor] = _Anchored(value, mark, 1, 0)
        self._put(value, mark, 0)

    def open(self, value: list[Any] | dict[Any, Any], line: int, anchor: str | None = None) -> None:
        """Begin a container; it is filled until `close`.

        Raises:
            SyntaxFault: when it is nested too deep.
        """
        if len(self._stack) >= MAX_DEPTH:
            raise _too_deep(line)
        self._count += 1
        mark = Mark(line)
        if anchor is not None:
            self._anchors[anchor] = _Anchored(value, mark, 0, 0)
        self._stack.append(_Frame(value, mark, anchor, self._count))

    def close(self) -> None:
        """End the innermost container and put it where it belongs."""
        frame = self._stack.pop()
        if frame.merges:
            _merge(frame)
        if frame.anchor is not None:
            size = self._count - frame.before + 1
            self._anchors[frame.anchor] = _Anchored(frame.value, frame.mark, size, frame.height)
        if self._stack and self._key_due():
            self._take_key(frame.value, frame.mark.line)
        else:
            self._put(frame.value, frame.mark, frame.height)

    def alias(self, name: str, line: int) -> None:
        """Put what the anchor `name` stands for.

        Raises:
            SyntaxFault: when there is no such anchor, it contains itself, or aliases multiply without bound.
        """
        anchored = self._anchors.get(name)
        if anchored is None:
            raise SyntaxFault(line, f"the alias *{name}", f"an anchor &{name} before it")
        if anchored.size == 0:
            raise SyntaxFault(line, f"the alias *{name} inside its own anchor", "a value that does not contain itself")
        if len(self._stack) + anchored.height > MAX_DEPTH:
            raise _too_deep(line)
        self._aliased += anchored.size
        self._count += anchored.size
        if self._aliased > MAX_ALIASED:
            raise SyntaxFault(line, f"aliases that stand for over {MAX_ALIASED} values", "fewer; write the values out")
        if self._stack and self._key_due():
            self._take_key(anchored.value, line)
        else:
            self._put(anchored.value, Mark(line, anchored.mark.children, anchored.mark.text), anchored.height)

    def issue(self, line: int, got: str, expected: str, suggestion: str = "") -> None:
        """Note something that a registry file may not hold, at the place the builder has come to."""
        parts = [frame.key if isinstance(frame.value, dict) else len(frame.value) for frame in self._stack]
        path = dotted(part for part in parts if isinstance(part, str | int))
        self.issues.append(Issue(line, path, got, expected, suggestion))

    def _key_due(self) -> bool:
        frame = self._stack[-1]
        return frame.key is _UNSET and isinstance(frame.value, dict)

    def _take_key(self, key: Any, line: int) -> None:
        frame = self._stack[-1]
        frame.key_line = line
        if key is not MERGE and type(key) is not str and (type(key) is not int or not _INT_MIN <= key <= _INT_MAX):
            suggestion = repr(str(key).lower()) if isinstance(key, bool) else ""
            self.issue(line, f"{shown(key)} as a key", "text or a 64-bit integer; use quotes", suggestion)
            key = _REFUSED
        frame.key = key
        if type(key) in {str, int} and key in frame.value:
            first = frame.mark.children[key].line
            self.issue(line, f"the key {shown(key)} again, first in line {first}", "each key once")

    def _put(self, value: Any, mark: Mark, height: int) -> None:
        if not self._stack:
            self._value, self._mark = value, mark
            return
        frame = self._stack[-1]
        frame.height = max(frame.height, height + 1)
        if isinstance(frame.value, list):
            frame.mark.children[len(frame.value)] = mark
            frame.value.append(value)
            return
        key, frame.key = frame.key, _UNSET
        if key is MERGE:
            self._add_merge(frame, value, mark)
        elif key is not _REFUSED:
            mark.line = frame.key_line
            frame.mark.children[key] = mark
            frame.value[key] = value

    def _add_merge(self, frame: _Frame, value: Any, mark: Mark) -> None:
        items = list(enumerate(value)) if isinstance(value, list) else [(-1, value)]
        if not all(isinstance(item, dict) for _, item in items):
            self.issue(frame.key_line, f"{shown(value)} after <<", "a map, or a list of maps")
            return
        frame.merges.extend((item, mark if index < 0 else mark.children[index]) for index, item in items)


def _merge(frame: _Frame) -> None:
    """Add what `<<` brings in; the keys already there win, then the earlier map."""
    for value, mark in frame.merges:
        for key, item in value.items():
            if key not in frame.value:
                frame.value[key] = item
                frame.mark.children[key] = mark.children[key]


def _too_deep(line: int) -> SyntaxFault:
    return SyntaxFault(line, f"nesting deeper than {MAX_DEPTH}", "a flatter value")
