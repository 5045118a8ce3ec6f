"""`security.policy.expr`: a policy whose condition is an expression, such as `actor.id == meta.owner`."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from actorflow.errors import Error
from actorflow.module.expr import check
from actorflow.module.policy import Policy
from actorflow.registry.kind import Kind
from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.fields import Name, Names, refusal
from actorflow.registry.kinds.security_policy import Patterns

_NAMES: Final = ("actor", "action", "resource", "meta")


def _expression(text: str) -> str:
    try:
        return check(text, _NAMES)
    except Error as error:
        raise refusal(f"an expression over {', '.join(_NAMES)}; {error.message}") from None


class WrittenExpression(Config):
    """What the policy says: on which actions and resources, when its expression is true."""

    actions: Patterns
    resources: Patterns
    effect: Literal["allow", "deny"]
    expression: Annotated[Name, AfterValidator(_expression)]


class SecurityPolicyExpr(Config):
    """A policy; `groups` are the names under which it is found together with others."""

    policy: WrittenExpression
    groups: Names = Field(default=())

    @cached_property
    def judged(self) -> Policy:
        """The policy as it is evaluated."""
        written = self.policy
        return Policy(written.actions, written.resources, written.effect, expression=written.expression)


KIND = Kind("security.policy.expr", SecurityPolicyExpr)
