"""`security.policy`: who may do what, for actors whose scope has it."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from actorflow.errors import Error
from actorflow.module.policy import Condition, Policy
from actorflow.module.search import searcher
from actorflow.registry.kind import Kind
from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.fields import Name, Names, refusal

_ROOTS: Final = ("actor.id", "actor.meta.", "meta.", "action", "resource")


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


Patterns = Annotated[
    tuple[Name, ...],
    BeforeValidator(_listed),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
"""One text or a list of texts; `*` in them stands for any text."""


def _check_path(path: str) -> None:
    if not any(path.startswith(root) if root.endswith(".") else path == root for root in _ROOTS):
        raise refusal("actor.id, actor.meta.…, meta.…, action or resource", got=repr(path))


class WrittenCondition(Config):
    """One condition: a field, compared with `value`, or with the field that `value_from` names."""

    field: Name
    operator: Literal[
        "eq", "ne", "lt", "gt", "lte", "gte", "in", "nin", "exists", "nexists", "contains", "ncontains", "matches",
        "nmatches",
    ]  # fmt: skip
    value: Any = None
    value_from: Name | None = None

    @model_validator(mode="after")
    def _sound(self) -> Self:
        _check_path(self.field)
        if self.value_from is not None:
            if self.value is not None:
                raise refusal("one of `value` and `value_from`", got="both")
            _check_path(self.value_from)
        elif self.operator in {"in", "nin"} and not isinstance(self.value, list):
            raise refusal(f"a list as `value` of {self.operator}")
        elif self.operator in {"matches", "nmatches"}:
            _check_pattern(self.value)
        return self


def _check_pattern(pattern: Any) -> None:
    if not isinstance(pattern, str):
        raise refusal("a regular expression as `value`")
    try:
        searcher(pattern)
    except Error as error:
        raise refusal(f"a regular expression as `value`; {error.message}") from None


class WrittenPolicy(Config):
    """What the policy says: on which actions and resources, under which conditions, all of which must hold."""

    actions: Patterns
    resources: Patterns
    effect: Literal["allow", "deny"]
    conditions: Annotated[tuple[WrittenCondition, ...], BeforeValidator(_listed)] = ()


class SecurityPolicy(Config):
    """A policy; `groups` are the names under which it is found together with others."""

    policy: WrittenPolicy
    groups: Names = Field(default=())

    @cached_property
    def judged(self) -> Policy:
        """The policy as it is evaluated."""
        written = self.policy
        conditions = (
            Condition(item.field, item.operator, item.value, item.value_from or "") for item in written.conditions
        )
        return Policy(written.actions, written.resources, written.effect, tuple(conditions))


KIND = Kind("security.policy", SecurityPolicy)
