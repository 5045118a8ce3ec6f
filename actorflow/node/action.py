"""The actions of operations: what an actor must be allowed to do before the node does an operation for it.

An operation asks for the action of its own name (`store.get`, `queue.publish`, `system.exit`) on its first argument,
when that is a text, else on its module (`system`). What differs from that is in the tables here: this is what policies
are written against.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

RENAMED: Final = {
    "store.open": "store.get",
    "store.get": "store.key.get",
    "store.entry": "store.key.get",
    "store.has": "store.key.has",
    "store.set": "store.key.set",
    "store.put": "store.key.set",
    "store.delete": "store.key.delete",
    "store.list": "store.key.list",
    **dict.fromkeys(("sql.open", "sql.query", "sql.execute", "sql.prepare", "sql.begin", "sql.stats"), "db.get"),
    "security.policy": "security.policy.get",
    "security.named_scope": "security.policy_group.get",
    "security.token_store": "security.token_store.get",
}
"""Operations whose action has another name."""

FREE: Final = frozenset(
    {
        *("sql.commit", "sql.rollback", "sql.savepoint"),
        *("subscription.close", "queue.message", "queue.settle", "pg.leave"),  # of what was got by a guarded one
        *("security.can", "security.permit", "security.evaluate"),  # they are the judging
        *("registry.find", "registry.namespace"),  # each entry found is judged as `registry.get` is
        *("registry.version", "registry.versions"),  # numbers and times
    }
)
"""Operations that ask for nothing."""

OF_MODULE: Final = frozenset({"registry.apply", "registry.apply_version", "env.get_all"})
"""Operations whose first argument is no resource."""


def action_of(operation: str, args: Sequence[Any]) -> tuple[str, str] | None:
    """Return the action and resource that an operation with these arguments asks for, None when it asks for nothing."""
    if operation in FREE or (operation.startswith("sql.") and args and isinstance(args[0], list)):
        return None  # a list is a transaction: what it began with was judged
    named = args[0] if args and isinstance(args[0], str) and operation not in OF_MODULE else ""
    return RENAMED.get(operation, operation), named or operation.partition(".")[0]
