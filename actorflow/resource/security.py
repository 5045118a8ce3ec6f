"""Actors, scopes, policies and tokens for scripts: the operations `security.*`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from actorflow.errors import invalid
from actorflow.module.octets import described
from actorflow.node.guard import checked_actor, checked_scope
from actorflow.node.operation import Caller
from actorflow.resource.token_store import TokenStores

if TYPE_CHECKING:
    from actorflow.node.node import Node


def install(node: Node) -> None:
    """Add the operations of security."""
    tokens = TokenStores(node)
    for function in (can, permit, evaluate, policy, named_scope):
        node.operations.add(f"security.{function.__name__}", partial(function, node))
    node.operations.add("security.token_store", tokens.require)
    node.operations.add("security.token.create", tokens.create)
    node.operations.add("security.token.validate", tokens.validate)
    node.operations.add("security.token.revoke", tokens.revoke)


def can(node: Node, caller: Caller, action: Any, resource: Any, meta: Any = None) -> bool:
    """Tell whether the caller may do `action` to `resource`."""
    return node.guard.allows(caller.context, _text(action, "action"), _text(resource, "resource"), _map(meta))


def permit(node: Node, caller: Caller, action: Any, resource: Any) -> bool:
    """Return True if the caller may do `action` to `resource`; raises `Error` PermissionDenied otherwise."""
    node.guard.check(caller.context, _text(action, "action"), _text(resource, "resource"))
    return True


def evaluate(  # noqa: PLR0913, PLR0917 - the parts of a question
    node: Node, _caller: Caller, actor: Any, scope: Any, action: Any, resource: Any, meta: Any = None
) -> str:
    """Return `allow`, `deny` or `undefined`: what the policies of a scope say about an actor."""
    question = (_text(action, "action"), _text(resource, "resource"), _map(meta))
    return node.guard.verdict(checked_actor(actor), checked_scope(scope), *question)


def policy(node: Node, _caller: Caller, policy_id: Any) -> str:
    """Return the id of a policy if there is one that can be used."""
    node.guard.policy(_text(policy_id, "id of a policy"))
    return str(policy_id)


def named_scope(node: Node, caller: Caller, group: Any) -> list[str]:
    """Return the ids of the policies of a group."""
    return node.guard.group(_text(group, "name of a group"), caller.entry.partition(":")[0])


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str) or not value:
        raise invalid(f"security: got {described(value)}, expected the {what}, a non-empty text")
    return value


def _map(value: Any) -> dict[str, Any]:
    if value in (None, []):
        return {}
    if not isinstance(value, dict):
        raise invalid(f"security: got {described(value)} as meta, expected a map")
    return value
