"""What may cross a boundary, and the copy made when it does.

Values are None, booleans, 64-bit integers, floats, text, bytes, lists (tuples become lists), maps with text or
integer keys, and `Failure` objects. Shared references are copied apart. Objects that live in one process only
(channels, timers, anything unknown) become None, with one notice naming the path. Functions, cycles, nesting
deeper than the limit, integers beyond 64 bits and values over the size limit are refused with the path.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from actorflow.errors import Error, Failure, invalid
from actorflow.notice import Notice, NoticeSink, drop

Value: TypeAlias = Any
"""A value as the module docstring defines it; Python cannot spell the recursive union usefully."""

INT_MIN: Final = -(2**63)
INT_MAX: Final = 2**63 - 1
_HEADER: Final = 9
"""Most bytes that deterministic CBOR needs for one head; the size count is an upper bound built from it."""
_FEW: Final = 16
"""Keys of a map that is looked at as a flat one first."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one value: nesting depth, and an upper bound of its encoded size in bytes.

    `named` is the depth that refusals name, where levels of ours are around the value; 0: `depth`.
    """

    depth: int = 64
    size: int = 4 * 1024 * 1024
    named: int = 0

    def around(self, levels: int) -> Limits:
        """Return the bounds of what has values within these bounds so many levels inside."""
        return Limits(self.depth + levels, self.size, self.named or self.depth)


DEFAULT_LIMITS: Final = Limits()


class Opaque:
    """An object that belongs to one process: it crosses a boundary as None, with a notice."""

    __slots__ = ()


def copy_value(value: Value, limits: Limits = DEFAULT_LIMITS, notices: NoticeSink = drop) -> Value:
    """Return `value` as the far side of a boundary sees it; immutable scalars are returned as they are.

    Map keys come out in the order of deterministic CBOR, so equal maps have equal bytes.

    Raises:
        Error: kind Invalid, naming the path of what may not cross.
    """
    kind = type(value)
    if kind is int:
        if INT_MIN <= value <= INT_MAX:
            return value
    elif (
        value is None or kind is bool or kind is float
    ):  # not by a set of types: the hash of one may be a script's code
        return value
    copied = copy_quickly(value, limits)
    return _Copier(limits, notices).copy(value, "value", 0) if copied is UNUSUAL else copied


UNUSUAL: Final = object()
"""What `copy_quickly` returns for a value that is not plain small data."""


def copy_quickly(value: Value, limits: Limits = DEFAULT_LIMITS) -> Value:  # noqa: C901, PLR0911 - a hot path
    """Return what `copy_value` returns if `value` is plain data, else `UNUSUAL`; runs no code but Python's own.

    The hot path of every message is here in one loop, a map of a few scalars with ASCII keys: one look at the longest
    key stands for the size of all. For three scalars it takes a tenth of the careful copy. `value.copy()` would take as
    much memory as the map ever did, whatever was removed from it.
    """
    if type(value) is not dict or len(value) > _FEW:
        return _copy_plain(value, limits)
    before, length, spent, is_ordered = "", 0, _HEADER, True
    for key, item in value.items():
        kind = type(item)
        if kind is str:
            if not item.isascii():
                return _copy_plain(value, limits)
            spent += len(item)
        elif kind is int:
            if not INT_MIN <= item <= INT_MAX:
                return UNUSUAL
        elif not (item is None or kind is bool or kind is float):
            return _copy_plain(value, limits)
        if type(key) is not str or not key.isascii():
            return UNUSUAL
        size = len(key)
        if size > length:
            length = size
        elif size < length or key < before:
            is_ordered = False
        before = key
    if spent + len(value) * (2 * _HEADER + length) > limits.size:
        return UNUSUAL  # an upper bound: the careful copy counts exactly
    return {**value} if is_ordered else {key: value[key] for key in in_order(value)}


def _copy_plain(value: Value, limits: Limits) -> Value:
    """Do what `copy_quickly` does, for any value."""
    kind = type(value)
    if kind is int:
        return value if INT_MIN <= value <= INT_MAX else UNUSUAL
    if value is None or kind is bool or kind is float:
        return value
    if kind is str or kind is bytes:
        fits = len(value) + _HEADER <= limits.size
        return value if fits and (kind is bytes or value.isascii()) else UNUSUAL
    try:
        return _quick(value, limits.depth, [limits.size]) if kind is dict or kind is list else UNUSUAL
    except _Unusual:
        return UNUSUAL


def copy_failure(failure: Failure, limits: Limits = DEFAULT_LIMITS, notices: NoticeSink = drop) -> Failure:
    """Copy a failure that has to cross a boundary, whatever is in it: details that cannot are dropped, and it says so.

    Nothing is raised: whoever waits for an end hears how it was.
    """
    try:
        copied: Failure = copy_value(failure, limits, notices)
    except Error as error:
        texts = {name: getattr(failure, name)[: limits.size // 4] for name in ("message", "kind", "stack")}
        copied = replace(failure.crossing(), details={"dropped": error.message[:1000]}, **texts)
    return copied


class _Unusual(Exception):
    """The quick copy met something that needs the careful one."""


def _quick(value: Any, depth: int, room: list[int]) -> Any:  # noqa: C901 - a call more for each item costs most of it
    """Copy a plain list or map without building paths; whatever is not plain is left to `_Copier`."""
    if depth <= 0:
        raise _Unusual
    spent = _HEADER
    if type(value) is list:
        copied: Any = value.copy()
        items: Any = enumerate(copied)
    else:
        copied = _quick_keys(value, room)
        items = copied.items()
    for place, item in items:
        kind = type(item)
        if kind is int:
            if not INT_MIN <= item <= INT_MAX:
                raise _Unusual
        elif kind is str:
            if not item.isascii():
                raise _Unusual
            spent += len(item)
        elif kind is list or kind is dict:
            copied[place] = _quick(item, depth - 1, room)
            continue  # it has counted itself
        elif kind is bytes:
            spent += len(item)
        elif not (item is None or kind is bool or kind is float):
            raise _Unusual
        spent += _HEADER
    room[0] -= spent
    if room[0] < 0:
        raise _Unusual
    return copied


def _quick_keys(value: dict[Any, Any], room: list[int]) -> dict[Any, Any]:
    """Return the map with its keys in order, its values as they are."""
    before, length, spent, is_ordered = "", 0, _HEADER * len(value), True
    for key in value:
        if type(key) is not str or not key.isascii():
            raise _Unusual
        size = len(key)
        if size <= length and (size < length or key < before):
            is_ordered = False
        before, length = key, size
        spent += size
    room[0] -= spent
    return {**value} if is_ordered else {key: value[key] for key in in_order(value)}


def in_order(keys: Iterable[str]) -> list[str]:
    """Return ASCII keys by length, then bytewise, as RFC 8949 orders text keys."""
    ordered = sorted(keys)
    ordered.sort(key=len)  # stable
    return ordered


def key_order(key: str | int) -> tuple[int, int, bytes]:
    """Return the sort key of a map key: the bytewise order of its deterministic CBOR form (RFC 8949 §4.2.1)."""
    if isinstance(key, str):
        text = key.encode("utf-8", "surrogatepass")
        return (2, len(text), text)
    return (0, key, b"") if key >= 0 else (1, -1 - key, b"")


class _Copier:
    """One copy in progress: the room left, and the containers we are inside of."""

    def __init__(self, limits: Limits, notices: NoticeSink) -> None:
        self._depth, self._named = limits.depth, limits.named or limits.depth
        self._limit = limits.size
        self._room = limits.size
        self._notices = notices
        self._open: set[int] = set()

    def copy(self, value: Value, path: str, depth: int) -> Value:
        kind = type(value)
        if value is None or kind is bool or kind is float:
            return self._spend(value, _HEADER, path)
        if kind is int:
            return self._spend(_integer(value, path), _HEADER, path)
        if kind is str:
            return self._text(value, path)
        if isinstance(value, bytes | bytearray | memoryview):
            data = bytes(value)
            return self._spend(data, _HEADER + len(data), path)
        if isinstance(value, list | tuple | dict):
            return self._container(value, path, depth)
        return self._other(value, path, depth)

    def _text(self, value: str, path: str) -> str:
        size = len(value) if value.isascii() else len(value.encode("utf-8", "surrogatepass"))
        self._spend(value, _HEADER + size, path)
        try:
            value.isascii() or value.encode()
        except UnicodeEncodeError:
            raise _refused(path, "text with a lone surrogate", "well-formed Unicode text") from None
        return value

    def _spend(self, value: Value, size: int, path: str) -> Value:
        self._room -= size
        if self._room < 0:
            raise _refused(path, "a value over the size limit", f"at most {self._limit} bytes in all")
        return value

    def _container(self, value: list[Any] | tuple[Any, ...] | dict[Any, Any], path: str, depth: int) -> Value:
        if id(value) in self._open:
            raise _refused(path, "a cycle", "a value that does not contain itself")
        if depth >= self._depth:
            raise _refused(path, f"nesting deeper than {self._named}", "a flatter value")
        self._spend(value, _HEADER, path)
        self._open.add(id(value))
        try:
            if isinstance(value, dict):
                return self._map(value, path, depth)
            return [self.copy(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(value)]
        finally:
            self._open.discard(id(value))

    def _map(self, value: dict[Any, Any], path: str, depth: int) -> dict[str | int, Any]:
        for key in value:
            if type(key) is int:
                _integer(key, f"{path}[{key}]")
            elif type(key) is not str:
                raise _refused(path, f"a map key of type {type(key).__name__}", "text or integer keys")
        keys = sorted(value, key=key_order) if len(value) > 1 else value
        return {self.copy(key, path, depth): self.copy(value[key], f"{path}.{key}", depth + 1) for key in keys}

    def _other(self, value: Any, path: str, depth: int) -> Value:
        if isinstance(value, Failure):
            self._spend(value, 3 * _HEADER, path)  # the tag, its name and what is not text
            details = None if value.details is None else self.copy(value.details, f"{path}.details", depth + 1)
            for text in (value.message, value.kind, value.stack):
                self._text(text, path)
            return replace(value.crossing(), details=details)
        if isinstance(value, Error):
            return self._other(value.failure, path, depth)
        if isinstance(value, int | float | str):  # an enum, numpy scalar, …: the plain value inside
            return self.copy(_plain(value), path, depth)
        if callable(value) and not isinstance(value, Opaque):
            raise _refused(path, "a function", "data; send the id of a registered function instead")
        self._notices(Notice("value-dropped", f"{path}: {type(value).__name__} cannot leave its process, sent as nil"))
        return None


def _plain(value: float | str) -> float | str:
    """Return what an instance of a subclass is without it; the subclass's own conversions are not asked."""
    if isinstance(value, str):
        return str.__str__(value)
    return int.__int__(value) if isinstance(value, int) else float.__float__(value)


def _integer(value: int, path: str) -> int:
    if INT_MIN <= value <= INT_MAX:
        return value
    raise _refused(path, "an integer beyond 64 bits", "-2^63 to 2^63-1; send larger numbers as text")


def _refused(path: str, got: str, expected: str) -> Error:
    return invalid(f"{path}: got {got}, expected {expected}", path=path)
