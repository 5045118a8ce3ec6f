"""Shapes: what the maps that are sent with one topic have in common, so that the next one is copied in a few steps.

A shape is the keys of a map in the order in which its sender has them, and of what kind each value is. Such a map is
copied by a function made for its shape, without a loop: the kinds of all values, their bounds, and the keys, nearly
always the very same objects. It takes two thirds of what a loop over the same tests does, which is a twelfth of a
message between two processes. The source of that function is put together from nothing but the numbers and kinds of
values; keys are given to it.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, Final, TypeAlias

from actorflow.value import INT_MAX, INT_MIN, Value, in_order

_MOST_KEYS: Final = 16
_MOST_TEXT: Final = 256
"""Of the keys of a shape together, and of a topic: nobody makes a host keep more."""
_RESERVE: Final = 1024
"""More than the encoded keys of a shape take, with the heads of keys and values."""
_TOPICS: Final = 256
"""Topics whose shape is remembered."""
_SOURCES: Final = 64
"""Functions that a host compiles, a millisecond each; maps of further shapes are copied by `copy_quickly`."""


class Kind(Enum):
    """Of what kind a value is: the test that it is, and what its text takes.

    Types are known by identity: the hash of a type may be code of a script's own.
    """

    INT = "type({v}) is int and {low} <= {v} <= {high}", ""
    TEXT = "type({v}) is str and {v}.isascii()", "len({v})"
    SCALAR = "({v} is None or type({v}) is float or type({v}) is bool)", ""
    ANY = "(" + " or ".join((SCALAR[0], TEXT[0], INT[0])) + ")", "(len({v}) if type({v}) is str else 0)"


Copy: TypeAlias = Callable[[dict[Any, Any], int], dict[str, Any] | None]
"""Returns what `copy_value` returns, if the map is of the shape, with room in so many bytes; else None.

It runs no code but Python's own: keys that are not the very same are compared only once they are known to be text.
"""
Shape: TypeAlias = dict[str, Kind]
_KINDS: Final = {int: Kind.INT, str: Kind.TEXT, **dict.fromkeys((type(None), bool, float), Kind.SCALAR)}


def refuse(_value: dict[Any, Any], _size: int) -> None:
    """Copy nothing: the `Copy` of a topic without a shape."""


class Shapes:
    """The shapes that a host knows.

    Attributes:
        copies: by topic, how the next map is copied. That it has a topic says that the topic may be used.
    """

    __slots__ = ("_known", "_makers", "copies")

    def __init__(self) -> None:
        """Know none."""
        self.copies: dict[str, Copy] = {}
        self._known: dict[str, Shape] = {}
        self._makers: dict[tuple[tuple[Kind, ...], tuple[int, ...]], Callable[..., Copy]] = {}

    def learn(self, topic: str, value: Value) -> None:
        """Remember the shape of what was sent with a topic, which is plain data: of the last map, where maps are sent.

        A function is made for it when it comes the second time in a row. Where values of one key are of several kinds,
        any will do from then on.
        """
        known = self._known.get(topic)
        if (known is not None and type(value) is not dict) or len(topic) > _MOST_TEXT:
            return
        shape = shape_of(value)
        if known is None:
            if len(self._known) >= _TOPICS:
                self.copies.clear()
                self._known.clear()
        elif list(known) == list(shape):
            shape = {key: kind if known[key] is kind else Kind.ANY for key, kind in shape.items()}
            if shape == known:
                if shape and self.copies[topic] is refuse:
                    self.copies[topic] = self._copy_of(shape)
                return
        self._known[topic] = shape
        self.copies[topic] = refuse

    def _copy_of(self, shape: Shape) -> Copy:
        keys, kinds = list(shape), tuple(shape.values())
        order = tuple(map(keys.index, in_order(keys)))
        make = self._makers.get((kinds, order))
        if make is None:
            if len(self._makers) >= _SOURCES:
                return refuse
            make = self._makers[kinds, order] = _compiled(kinds, order)
        return make(*keys)


def shape_of(value: Value) -> Shape:
    """Return the shape of plain data; an empty one if that is no small map of scalars with keys of ASCII text."""
    if type(value) is not dict or len(value) > _MOST_KEYS:
        return {}
    if not all(type(key) is str and key.isascii() for key in value) or sum(map(len, value)) > _MOST_TEXT:
        return {}
    if not all(type(item) in _KINDS for item in value.values()):
        return {}
    return {key: _KINDS[type(item)] for key, item in value.items()}


def _compiled(kinds: tuple[Kind, ...], order: tuple[int, ...]) -> Callable[..., Copy]:
    """Return what makes a `Copy` for maps with values of these kinds, from the keys; `order` is that of the codec."""
    numbers = range(len(kinds))
    keys, names, values = (", ".join(f"{letter}{number}" for number in numbers) for letter in "knv")
    tests = [f"(n{number} is k{number} or type(n{number}) is str and n{number} == k{number})" for number in numbers]
    tests += [_filled(kind.value[0], number) for number, kind in enumerate(kinds)]
    sizes = [_filled(kind.value[1], number) for number, kind in enumerate(kinds) if kind.value[1]]
    tests.append(" + ".join([str(_RESERVE), *sizes]) + " <= size")
    parts = ", ".join(f"k{number}: v{number}" for number in order)
    copied = "{**value}" if order == tuple(numbers) else f"{{{parts}}}"  # `value.copy()` may be as large as it once was
    source = f"""
def make({keys}):
    def copy(value, size):
        if len(value) != {len(kinds)}:
            return None
        {names}, = value
        {values}, = value.values()
        if {" and ".join(tests)}:
            return {copied}
        return None
    return copy
"""
    found: dict[str, Any] = {}
    exec(source, found)  # noqa: S102 - nothing of a script's is in the source: see the docstring of the module
    make: Callable[..., Copy] = found["make"]
    return make


def _filled(part: str, number: int) -> str:
    return part.format(v=f"v{number}", low=INT_MIN, high=INT_MAX)
