"""Patterns of event systems and kinds: dot-separated segments with wildcards.

`*` is one segment, `**` any number of them, none included, and `(a|b)` the alternatives a and b, which may hold dots
and further alternatives. A lone `*` therefore matches names of one segment only; `**` matches every name.
"""

from __future__ import annotations

import re
from typing import Final

from actorflow.errors import Error, invalid
from actorflow.module.octets import described

_GROUP: Final = re.compile(r"\(([^()]*)\)")
_FORMS: Final = 64
"""Most plain patterns that alternatives may multiply to: what one event costs stays bounded."""
_LENGTH: Final = 1024


class EventPattern:
    """A checked pattern. Matching takes time in the product of the two lengths, whatever the pattern."""

    __slots__ = ("_forms", "text")

    def __init__(self, text: str) -> None:
        """Read a pattern.

        Raises:
            Error: kind Invalid, when it is empty or too long, a parenthesis is open, or a `*` is part of a segment.
        """
        self.text = text
        self._forms = tuple(tuple(form.split(".")) for form in _expanded(text))
        for form in self._forms:
            for segment in form:
                if "*" in segment and segment not in {"*", "**"}:
                    raise _misfit(text, f"the segment {segment!r}", "`*` or `**` to be a whole segment")

    def matches(self, name: str) -> bool:
        """Tell whether the pattern fits a name."""
        segments = name.split(".")
        return any(_fits(form, segments) for form in self._forms)


def _expanded(text: str) -> list[str]:
    """Return the plain patterns that a pattern with alternatives stands for."""
    if not isinstance(text, str) or not text:
        raise invalid(f"event pattern: got {described(text)}, expected a non-empty text such as 'order.*'")
    if len(text) > _LENGTH:
        raise invalid(f"event pattern: got {len(text)} characters, expected at most {_LENGTH}")
    forms, plain = [text], False
    while not plain:
        plain, following = True, []
        for form in forms:
            group = _GROUP.search(form)
            if group is None:
                following.append(form)
                continue
            plain = False
            following += [form[: group.start()] + option + form[group.end() :] for option in group[1].split("|")]
        forms = list(dict.fromkeys(following))
        if len(forms) > _FORMS:
            raise _misfit(text, f"more than {_FORMS} combinations of alternatives", "fewer; subscribe several times")
    if any(mark in form for form in forms for mark in "()|"):
        raise _misfit(
            text, "an unmatched parenthesis or a `|` outside of one", "alternatives such as (created|deleted)"
        )
    return forms


def _fits(form: tuple[str, ...], segments: list[str]) -> bool:
    """Match with one point of return: the last `**`, which takes one segment more each time the rest does not fit."""
    at = place = 0
    resume = taken = -1
    while place < len(segments):
        if at < len(form) and form[at] == "**":
            resume, taken = at, place
            at += 1
        elif at < len(form) and form[at] in {"*", segments[place]}:
            at, place = at + 1, place + 1
        elif resume >= 0:
            taken += 1
            at, place = resume + 1, taken
        else:
            return False
    return all(segment == "**" for segment in form[at:])


def _misfit(text: str, got: str, expected: str) -> Error:
    return invalid(f"event pattern {text!r}: got {got}, expected {expected}")
