"""The guard of a node: may whoever runs with this context do that? Policies are read as the registry has them now.

A run has an actor and a scope when its context has both (`ACTOR`, `SCOPE`); they travel with the context to what it
calls and spawns, as plain data: `{"id": …, "meta": {…}}`, and a list of ids of policies. Without both everything is
allowed, unless the node is strict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from actorflow.errors import PERMISSION_DENIED, Error, invalid, not_found
from actorflow.module.octets import described
from actorflow.module.policy import Policy, Question, evaluate
from actorflow.names import parse_id, resolve_id
from actorflow.node.suggest import did_you_mean
from actorflow.value import Value

if TYPE_CHECKING:
    from actorflow.node.program import Registry

ACTOR: Final = "@actor"
SCOPE: Final = "@scope"
"""Keys of the context; scripts neither see nor set keys that begin with `@`."""
POLICY: Final = "security.policy"

Context = Mapping[str, Value]


class Guard:
    """Judges what runs do. `strict`: whoever has no actor or no scope may do nothing."""

    def __init__(self, registry: Registry) -> None:
        """Judge by the policies in `registry`."""
        self._registry = registry
        self.strict = False
        self._own: dict[str, Context] = {}

    def watches(self, context: Context) -> bool:
        """Tell whether a run with this context may be refused anything at all."""
        return self.strict or (ACTOR in context and SCOPE in context)

    def allows(self, context: Context, action: str, resource: str, meta: Mapping[str, Any] | None = None) -> bool:
        """Tell whether a run may do `action` to `resource`."""
        return not self._refusal(context, action, resource, meta or {})

    def check(self, context: Context, action: str, resource: str, meta: Mapping[str, Any] | None = None) -> None:
        """Do nothing if a run may do `action` to `resource`.

        Raises:
            Error: kind PermissionDenied, naming action, resource, actor and why.
        """
        why = self._refusal(context, action, resource, meta or {})
        if why:
            actor = _actor_id(context)
            who = f" by {actor!r}" if actor else ""
            details = {"action": action, "resource": resource, "actor": actor}
            text = f"permission denied: {action} on {resource!r}{who}: {why}"
            raise Error(text, PERMISSION_DENIED, retryable=False, details=details)

    def verdict(self, actor: Any, scope: Any, action: str, resource: str, meta: Mapping[str, Any] | None = None) -> str:
        """Return `allow`, `deny` or `undefined`: what the policies of `scope` say together.

        Raises:
            Error: kind Invalid or NotFound, when one of them cannot be used.
        """
        question = Question(checked_actor(actor), action, resource, meta or {})
        return evaluate([self.policy(policy) for policy in checked_scope(scope)], question)

    def policy(self, policy_id: str) -> Policy:
        """Return a policy.

        Raises:
            Error: kind NotFound when there is none, Invalid when the entry is another one or broken.
        """
        entry = self._registry.entry(policy_id)
        entry.require()
        judged: Policy | None = getattr(entry.config, "judged", None)
        if judged is None:
            raise invalid(f"{policy_id} is a {entry.kind}, expected a {POLICY}")
        return judged

    def group(self, name: str, namespace: str = "") -> list[str]:
        """Return the ids of the policies of a group, sorted; a group is named as its policies name it, or in full.

        Those that are broken, or of a kind that is unknown here, are among them: they might deny something, so that
        nobody may do anything in a scope with one.

        Raises:
            Error: kind NotFound, when no policy has it.
        """
        wanted = {name, resolve_id(name, namespace)} if namespace else {name}
        groups = {
            entry.id: {alias for group in _groups(entry) for alias in (group, resolve_id(group, entry.namespace))}
            for entry in self._policies()
        }
        found = sorted(policy for policy, named in groups.items() if named & wanted)
        if not found:
            known = sorted({group for named in groups.values() for group in named})
            raise not_found(f"no policy is in the group {name!r}{did_you_mean(name, known)}")
        return found

    def context_of(self, security: Any, namespace: str) -> dict[str, Value]:
        """Return the context of what runs with a written `security`; nothing without one.

        Raises:
            Error: kind NotFound, for a group that no policy has.
        """
        context: dict[str, Value] = {}
        if security is not None and security.actor is not None:
            context[ACTOR] = {"id": security.actor.id, "meta": dict(security.actor.meta)}
        if security is not None and (security.groups or security.policies):
            grouped = (policy for group in security.groups for policy in self.group(group, namespace))
            context[SCOPE] = sorted({*security.policies, *grouped})
        return context

    def own(self, entry_id: str) -> Context:
        """Return the actor and scope that an entry runs with whoever starts it; nothing for most.

        Raises:
            Error: kind NotFound, for a group that no policy has, or an unknown entry.
        """
        own = self._own.get(entry_id)
        if own is None:
            entry = self._registry.entry(entry_id)
            security = getattr(entry.config, "security", None)
            own = self._own[entry_id] = self.context_of(security, parse_id(entry_id).namespace)
        return own

    def forget(self) -> None:
        """Read again what entries say: they have changed."""
        self._own.clear()

    def _policies(self) -> Iterable[Any]:
        find = getattr(self._registry, "find", None)
        return find(f"{POLICY}*") if find is not None else ()

    def _refusal(self, context: Context, action: str, resource: str, meta: Mapping[str, Any]) -> str:
        """Return why a run may not do something, or ""."""
        if ACTOR not in context or SCOPE not in context:
            return "it has no actor and scope, and this node is strict" if self.strict else ""
        try:
            verdict = self.verdict(context[ACTOR], context[SCOPE], action, resource, meta)
        except Error as error:
            return f"its scope cannot be judged: {error.message}"
        return {"allow": "", "deny": "a policy of its scope denies it"}.get(verdict, "no policy of its scope allows it")


def checked_actor(actor: Any) -> Mapping[str, Any]:
    """Return plain data if it is an actor.

    Raises:
        Error: kind Invalid.
    """
    if not isinstance(actor, Mapping) or not isinstance(actor.get("id"), str) or not actor["id"]:
        got = f"{actor!r:.80}" if isinstance(actor, Mapping) else described(actor)
        raise invalid(f"not an actor: got {got}, expected {{id: …, meta: {{…}}}}")
    return {"id": actor["id"], "meta": dict(actor["meta"]) if isinstance(actor.get("meta"), Mapping) else {}}


def checked_scope(scope: Any) -> list[str]:
    """Return plain data if it is a scope.

    Raises:
        Error: kind Invalid.
    """
    if isinstance(scope, Mapping) and not scope:  # an empty Lua table
        return []
    if not isinstance(scope, list | tuple) or not all(isinstance(policy, str) for policy in scope):
        got = f"{scope!r:.80}" if isinstance(scope, list | tuple) else described(scope)
        raise invalid(f"not a scope: got {got}, expected a list of ids of policies")
    return sorted(set(scope))


def _groups(entry: Any) -> list[str]:
    """Return the groups of a policy, also of one that cannot be used."""
    written = entry.data.get("groups") if isinstance(entry.data, Mapping) else None
    return [group for group in written if isinstance(group, str)] if isinstance(written, list) else []


def _actor_id(context: Context) -> str:
    actor = context.get(ACTOR)
    return str(actor.get("id", "")) if isinstance(actor, Mapping) else ""
