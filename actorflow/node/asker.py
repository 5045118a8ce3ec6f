"""Who asks a node for something from outside: an actor in a scope of policies, or the application itself.

Where nobody is named the application asks, or the user of its control socket, and may.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from actorflow.errors import invalid
from actorflow.node.guard import ACTOR, SCOPE, checked_actor, checked_scope

if TYPE_CHECKING:
    from actorflow.node.action import Step
    from actorflow.node.guard import Guard
    from actorflow.value import Value


def context_of(actor: Mapping[str, Value] | None, scope: Sequence[str] | None) -> dict[str, Any]:
    """Return the part of a context that says who asks; nothing for the application itself.

    Args:
        actor: `{"id": …, "meta": {…}}`.
        scope: ids of policies.

    Raises:
        Error: kind Invalid, for what is no actor or no scope.
    """
    context: dict[str, Any] = {}
    if actor is not None:
        context[ACTOR] = dict(checked_actor(actor))
    if scope is not None:
        context[SCOPE] = list(checked_scope(scope))
    return context


def judge(guard: Guard, context: Mapping[str, Any], step: Step, *, strictly: bool = False) -> None:
    """Do nothing if whoever has this context may do a step; the application itself may, unless it is asked `strictly`.

    Raises:
        Error: kind PermissionDenied.
    """
    if (context or strictly) and guard.watches(context):
        guard.check(context, *step)


def answer_of(data: Any, *, reject: bool, reason: str, by: str, actor: Mapping[str, Value] | None) -> dict[str, Any]:
    """Return what answers an approval, as plain data: `by` whom, or by the actor, who brings its roles.

    Raises:
        Error: kind Invalid, for an actor that answers in the name of somebody else.
    """
    own = str((actor or {}).get("id", ""))
    if actor is not None and by not in {"", own}:
        raise invalid(f"approve: got by {by!r} and the actor {own!r}, expected one of them: an actor answers as itself")
    return {"approved": not reject, "data": data, "reason": reason, "by": by or own, "roles": _roles(actor)}


def _roles(actor: Mapping[str, Value] | None) -> list[str]:
    meta = (actor or {}).get("meta")
    roles = meta.get("roles") if isinstance(meta, Mapping) else None
    return [str(role) for role in roles] if isinstance(roles, list) else []
