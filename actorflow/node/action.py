"""The actions: what an actor must be allowed to do before a driver or the node does what it asks.

An operation asks for the action of its own name (`store.get`, `queue.publish`, `system.exit`) on its first argument,
when that is a text, else on its module (`system`). What differs from that is in the tables here: this is what policies
are written against.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from actorflow.ports import SpawnRequest

_KEYS: Final = ("get", "entry", "set", "put", "has", "delete", "list")
_DATABASE: Final = ("open", "query", "execute", "prepare", "begin", "stats")

RENAMED: Final = {
    "security.policy": "security.policy.get",
    "security.named_scope": "security.policy_group.get",
    "security.token_store": "security.token_store.get",
    "store.open": "store.get",
    **{f"store.{verb}": f"store.key.{verb}" for verb in _KEYS},
    **{f"sql.{verb}": "db.get" for verb in _DATABASE},
}
"""Operations whose action has another name: what is done with a database needs that it may be used, no more."""

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

_TRANSACTIONS: Final = "sql."
"""What is done in a transaction, which has a number, was allowed when it began."""

OF_MODULE: Final = frozenset({"registry.apply", "registry.apply_version", "env.get_all"})
"""Operations whose first argument is no resource."""


def action_of(operation: str, args: Sequence[Any]) -> tuple[str, str] | None:
    """Return the action and resource that an operation with these arguments asks for, None when it asks for nothing."""
    if operation in FREE or (operation.startswith("sql.") and args and isinstance(args[0], list)):
        return None  # a list is a transaction: what it began with was judged
    named = args[0] if args and isinstance(args[0], str) and operation not in OF_MODULE else ""
    return RENAMED.get(operation, operation), named or operation.partition(".")[0]


Step = tuple[str, str, Mapping[str, Any]]
"""An action, its resource, and further facts."""

_NO_FACTS: Final[Mapping[str, Any]] = MappingProxyType({})


def call_steps(target: str, options: Mapping[str, Any], own: Mapping[str, Any]) -> Iterator[Step]:
    """Yield what a call asks for; `own` is the context of the caller."""
    yield "funcs.call", str(target), _NO_FACTS
    yield from _context_steps("funcs", options.get("context"), own)


def spawn_steps(request: SpawnRequest, host: str, own: Mapping[str, Any], *, wait: bool) -> Iterator[Step]:
    """Yield what a start on `host` asks for: the entry, the host, and what its options need."""
    names = ["process.exec" if wait else "process.spawn"]
    names += ["process.spawn.monitored"] * request.monitor + ["process.spawn.linked"] * request.link
    for name in names:
        yield name, request.entry, _NO_FACTS
    yield "process.host", host, _NO_FACTS
    if request.name:
        yield "process.registry.register", request.name, _NO_FACTS
    yield from _context_steps("process", request.context, own)


def send_steps(dest: str, topic: str) -> Iterator[Step]:
    """Yield what a message asks for: the receiver as it is named."""
    yield "process.send", str(dest), {"topic": topic}


def control_steps(verb: str, target: str) -> Iterator[Step]:
    """Yield what monitoring, linking, cancelling and so on ask for."""
    yield f"process.{verb}", str(target), _NO_FACTS


def name_steps(verb: str, name: str, pid: str, own_pid: str) -> Iterator[Step]:
    """Yield what a use of names asks for: looking up is free, another process's name needs more."""
    if verb != "lookup":
        yield f"process.registry.{verb}", name, _NO_FACTS
    if verb == "register" and pid and pid != own_pid:
        yield "process.registry.foreign", pid, _NO_FACTS


def _context_steps(family: str, context: Any, own: Mapping[str, Any]) -> Iterator[Step]:
    """Passing on values needs `<family>.context`, passing on another actor or scope `<family>.security`."""
    if not isinstance(context, Mapping) or context is own:
        return
    changed = [key for key, value in context.items() if key not in own or own[key] != value]
    for part in sorted({"security" if key.startswith("@") else "context" for key in changed}):
        yield f"{family}.{part}", part, _NO_FACTS
