"""Actors, scopes, policies and tokens: who a script runs as, and what it may do.

    if not await security.can("orders.refund", "order:42"):
        raise errors.Rejected("no refund for you")
    worker = process.with_actor(security.Actor("user-7")).with_scope(await security.named_scope("clerks"))

An actor and a scope travel with the context to whatever is called or spawned. While a run has both, each of its calls,
spawns, messages and other actions is judged by the policies of the scope; a refusal is an `Error` of kind
PermissionDenied that names action and resource.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from actorflow.duration import MILLISECOND, SECOND, to_nanoseconds
from actorflow.errors import invalid
from actorflow.script.argument import instance, mapping
from actorflow.script.ctx import hidden
from actorflow.script.operation import perform

ACTOR: Final = "@actor"
SCOPE: Final = "@scope"


@dataclass(frozen=True)
class Actor:
    """Who acts: an id, and facts that conditions of policies look at."""

    id: str
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse an actor without an id."""
        if not isinstance(self.id, str) or not self.id:
            raise invalid(f"Actor: got the id {self.id!r}, expected a non-empty text")

    def plain(self) -> dict[str, Any]:
        """Return what travels in the context."""
        return {"id": self.id, "meta": dict(self.meta)}


@dataclass(frozen=True)
class Policy:
    """A policy of the registry, by its id."""

    id: str


@dataclass(frozen=True)
class Scope:
    """A set of policies, by their ids. Immutable: `with_` and `without` return another one."""

    policies: frozenset[str] = frozenset()

    def with_(self, policy: Policy | str) -> Scope:
        """Return the scope with this policy."""
        return Scope(self.policies | {_id(policy)})

    def without(self, policy: Policy | str) -> Scope:
        """Return the scope without this policy."""
        return Scope(self.policies - {_id(policy)})

    def __contains__(self, policy: object) -> bool:
        """Tell whether it has a policy."""
        return (policy.id if isinstance(policy, Policy) else policy) in self.policies

    async def evaluate(self, actor: Actor, action: str, resource: str, meta: Mapping[str, Any] | None = None) -> str:
        """Return `allow`, `deny` or `undefined`: what its policies say together.

        Raises:
            Error: kind NotFound or Invalid, when one of its policies cannot be used.
        """
        verdict: str = await perform(
            "security.evaluate",
            instance("evaluate", Actor, actor).plain(),
            self.plain(),
            action,
            resource,
            mapping("evaluate", "meta", meta),
        )
        return verdict

    def plain(self) -> list[str]:
        """Return what travels in the context."""
        return sorted(self.policies)


@dataclass(frozen=True)
class TokenStore:
    """Texts that stand for an actor and a scope until they expire or are revoked."""

    id: str

    async def create(
        self, actor: Actor, scope: Scope, *, expiration: float | str | timedelta | None = None, meta: Any = None
    ) -> str:
        """Return a new token, valid for `expiration` (seconds, a timedelta or text), else as its entry says.

        Raises:
            Error: kind Invalid, for an expiration that is no duration, or not positive.
        """
        as_actor = instance("create", Actor, actor).plain()
        in_scope = instance("create", Scope, scope).plain()
        options: dict[str, Any] = {"meta": meta}
        if expiration is not None:
            span = to_nanoseconds(expiration, SECOND)
            if span <= 0:
                raise invalid(f"{self.id}: got the expiration {expiration!r}, expected a positive duration")
            options["expiration"] = span / MILLISECOND
        token: str = await perform("security.token.create", self.id, as_actor, in_scope, options)
        return token

    async def validate(self, token: str) -> tuple[Actor, Scope]:
        """Return what a token stands for.

        Raises:
            Error: kind NotFound, when it was never given out, is expired or revoked.
        """
        found = await perform("security.token.validate", self.id, token)
        return Actor(found["actor"]["id"], found["actor"]["meta"]), Scope(frozenset(found["scope"]))

    async def revoke(self, token: str) -> None:
        """Let a token be none any more; raises `Error` NotFound when it is none."""
        await perform("security.token.revoke", self.id, token)


def actor() -> Actor | None:
    """Return who this script runs as, if anybody."""
    plain = hidden().get(ACTOR)
    return None if plain is None else Actor(plain["id"], plain.get("meta") or {})


def scope() -> Scope | None:
    """Return the scope this script runs in, if any."""
    plain = hidden().get(SCOPE)
    return None if plain is None else Scope(frozenset(plain))


async def can(action: str, resource: str, meta: Mapping[str, Any] | None = None) -> bool:
    """Tell whether this script may do `action` to `resource`."""
    return bool(await perform("security.can", action, resource, mapping("security.can", "meta", meta)))


async def policy(policy_id: str) -> Policy:
    """Return a policy of the registry.

    Raises:
        Error: kind NotFound when there is none, Invalid when the entry is another one.
    """
    return Policy(await perform("security.policy", policy_id))


async def named_scope(group: str) -> Scope:
    """Return the scope of all policies of a group.

    Raises:
        Error: kind NotFound, when no policy has it.
    """
    return Scope(frozenset(await perform("security.named_scope", group)))


def new_scope(policies: Iterable[Policy | str] = ()) -> Scope:
    """Return a scope of these policies; none refuses everything."""
    if isinstance(policies, str | bytes) or not isinstance(policies, Iterable):
        raise invalid(f"new_scope: got {policies!r:.80}, expected policies or their ids in a list")
    return Scope(frozenset(_id(policy) for policy in policies))


async def token_store(store_id: str) -> TokenStore:
    """Return a token store of the registry.

    Raises:
        Error: kind NotFound when there is none, Invalid when the entry is another one.
    """
    await perform("security.token_store", store_id)
    return TokenStore(store_id)


def _id(policy: Policy | str) -> str:
    found = policy.id if isinstance(policy, Policy) else policy
    if not isinstance(found, str) or not found:
        raise invalid(f"got {policy!r:.80}, expected a policy or its id")
    return found
