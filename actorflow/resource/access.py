"""How operations find the resource that a script names by id, with the right error for what it is not."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TypeVar

from actorflow.errors import invalid
from actorflow.module.octets import described
from actorflow.node.node import Node
from actorflow.value import Value

R = TypeVar("R")


def checked_id(value: Value, what: str, example: str) -> str:
    """Return the id that a script gave.

    Raises:
        Error: kind Invalid, when it is no text or empty.
    """
    if isinstance(value, str) and value:
        return value
    got = "an empty id" if value == "" else described(value)
    raise invalid(f"{what}: got {got}, expected the id of an entry such as {example!r}")


def find(node: Node, entry_id: Value, what: str, kinds: str, kind: type[R]) -> R:
    """Return the running resource of an entry of one of `kinds` (a pattern); `what` names the operation.

    Raises:
        Error: NotFound, when there is no such entry; Invalid, when it is of another kind, broken, or no id at all;
            Unavailable, when it does not run.
    """
    text = checked_id(entry_id, what, f"app:{kinds.partition('.')[0]}")
    entry = node.registry.entry(text)
    if not fnmatchcase(entry.kind, kinds):
        raise invalid(f"{what}: {text} is a {entry.kind}, expected a {kinds}", entry=text)
    return node.running.find(text, kind)
