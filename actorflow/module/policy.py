"""Policies: may an actor do something to something? Pure functions over values.

A policy applies when its actions and resources match and all its conditions hold. Of the policies that apply one that
denies wins; else one that allows; when none applies the answer is `undefined`, which refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from actorflow.errors import Error
from actorflow.module import search

Verdict: TypeAlias = Literal["allow", "deny", "undefined"]
Effect: TypeAlias = Literal["allow", "deny"]

_MISSING: Final = object()


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be judged: `actor` is `{"id": …, "meta": {…}}`, `meta` further facts about the resource."""

    actor: Mapping[str, Any]
    action: str
    resource: str
    meta: Mapping[str, Any]

    def fields(self) -> dict[str, Any]:
        """Return all that conditions and expressions may look at."""
        return {"actor": self.actor, "action": self.action, "resource": self.resource, "meta": self.meta}

    def field(self, path: str) -> Any:
        """Return what stands at a dotted path such as `actor.meta.role`, or a mark of its own when nothing does."""
        value: Any = self.fields()
        for part in path.split("."):
            if not isinstance(value, Mapping) or part not in value:
                return _MISSING
            value = value[part]
        return value


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: the field at `path`, compared with a value or with another field."""

    path: str
    operator: str
    value: Any = None
    value_from: str = ""

    def holds(self, question: Question) -> bool:
        """Tell whether it holds; a field that is not there equals nothing and contains nothing."""
        found = question.field(self.path)
        if self.operator in _PRESENCE:
            return (found is not _MISSING) is _PRESENCE[self.operator]
        wanted = question.field(self.value_from) if self.value_from else self.value
        negated = self.operator in _NEGATIONS
        holds = _HOLDS[_NEGATIONS.get(self.operator, self.operator)](found, wanted)
        return holds is not negated


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy. Patterns are texts in which `*` stands for any text."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    effect: Effect
    conditions: tuple[Condition, ...] = ()
    expression: str = ""
    """An expression that must be true too; one that fails leaves an `allow` out, and a `deny` in."""

    def applies(self, question: Question) -> bool:
        """Tell whether it has something to say."""
        return (
            any(is_like(question.action, pattern) for pattern in self.actions)
            and any(is_like(question.resource, pattern) for pattern in self.resources)
            and all(condition.holds(question) for condition in self.conditions)
            and (not self.expression or self._agrees(question))
        )

    def _agrees(self, question: Question) -> bool:
        from actorflow.module import expr  # noqa: PLC0415 - few policies have an expression

        try:
            found = expr.evaluate(self.expression, question.fields())
        except Error:
            return self.effect == "deny"
        return found is True or (self.effect == "deny" and found is not False)


def evaluate(policies: Iterable[Policy], question: Question) -> Verdict:
    """Return what policies say together; see the top of this file."""
    verdict: Verdict = "undefined"
    for policy in policies:
        if policy.applies(question):
            if policy.effect == "deny":
                return "deny"
            verdict = "allow"
    return verdict


def is_like(text: str, pattern: str) -> bool:
    """Tell whether a whole text has the form of a pattern, in which `*` stands for any text."""
    if "*" not in pattern:
        return text == pattern
    first, *middle, last = pattern.split("*")
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for part in middle:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def _equal(found: Any, wanted: Any) -> bool:
    return found is not _MISSING and _comparable(found, wanted) and bool(found == wanted)


def _comparable(left: Any, right: Any) -> bool:
    """Tell whether two values may be compared: True is not 1, and text is not a number."""
    return isinstance(left, bool) is isinstance(right, bool)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def holds(found: Any, wanted: Any) -> bool:
        for kind in (str, (int, float)):
            if isinstance(found, kind) and isinstance(wanted, kind) and not {type(found), type(wanted)} & {bool}:
                return compare(found, wanted)
        return False

    return holds


def _in(found: Any, wanted: Any) -> bool:
    return isinstance(wanted, list | tuple) and any(_equal(found, item) for item in wanted)


def _contains(found: Any, wanted: Any) -> bool:
    if isinstance(found, str):
        return isinstance(wanted, str) and wanted in found
    if isinstance(found, list | tuple):
        return any(_equal(item, wanted) for item in found)
    return isinstance(found, Mapping) and isinstance(wanted, str) and wanted in found


def _matches(found: Any, wanted: Any) -> bool:
    if not isinstance(found, str) or not isinstance(wanted, str):
        return False
    try:
        return search.found(wanted, found)
    except Error:  # of a pattern that comes from another field
        return False


_HOLDS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "eq": _equal,
    "lt": _ordered(lambda found, wanted: found < wanted),
    "gt": _ordered(lambda found, wanted: found > wanted),
    "lte": _ordered(lambda found, wanted: found <= wanted),
    "gte": _ordered(lambda found, wanted: found >= wanted),
    "in": _in,
    "contains": _contains,
    "matches": _matches,
}
_NEGATIONS: Final = {"ne": "eq", "nin": "in", "ncontains": "contains", "nmatches": "matches"}
_PRESENCE: Final = {"exists": True, "nexists": False}
OPERATORS: Final = (*_HOLDS, *_NEGATIONS, *_PRESENCE)
"""The words that a condition may use."""
