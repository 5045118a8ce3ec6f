"""The items of a conversation: what nodes say to each other about their processes, as lists of values.

An item is `[kind, …]`; the comment of a kind has the rest. A node ignores kinds it does not know: they are of a later
release. Values in items were copied where they left their process, and are what the codec gives on the other side.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final

from actorflow.codec import decode, encode_copied
from actorflow.errors import Failure, invalid
from actorflow.mesh.frame import MAX_FRAME
from actorflow.ports import Outcome, SpawnRequest, Started

MAX_ITEM: Final = MAX_FRAME - 64 * 1024


class Item(IntEnum):
    """Kinds of items; the numbers are part of the protocol."""

    SEND = 1  # pid, topic, sender, payloads: a message to an actor
    ASK = 2  # number, verb, arguments: wants one REPLY
    REPLY = 3  # number, outcome
    DROP = 4  # number: nobody waits for the reply any more
    EXITED = 5  # pid, outcome, durable: a process has ended that the receiver has asked about
    UNLINK = 6  # one pid, other pid
    MEMBERS = 7  # [[name, address], …]: who else is up
    OFFERS = 8  # [[host id, durable, task queue], …]: the hosts that the sender runs now
    CLAIM = 9  # name, pid, stamp, scope: a process of the sender has a name
    UNCLAIM = 10  # name, pid: no longer
    JOINED = 11  # scope, group, pid: a process of the sender has become a member
    LEFT = 12  # scope, group, pid


def write_item(kind: Item, *parts: Any) -> bytes:
    """Return the bytes of an item.

    Raises:
        Error: kind Invalid, for one that no frame has room for.
    """
    data = encode_copied([int(kind), *parts])
    if len(data) > MAX_ITEM:
        raise invalid(f"a message of {len(data)} bytes to another node, expected at most {MAX_ITEM} in all")
    return data


def read_item(data: bytes) -> tuple[int, list[Any]]:
    """Return the kind of an item and what else it has.

    Raises:
        Error: kind Invalid, for what is none.
    """
    item = decode(data)
    if not isinstance(item, list) or not item or not isinstance(item[0], int):
        raise invalid("malformed item of the mesh: expected a list that begins with an integer")
    return item[0], item[1:]


def outcome_parts(outcome: Outcome) -> list[Any]:
    """Return an outcome as an item has it: value, failure, and how and as which run it was started."""
    if isinstance(outcome, Started):
        return [outcome.value, outcome.failure, outcome.how, outcome.run_id]
    return [outcome.value, outcome.failure]


def read_outcome(parts: list[Any]) -> Outcome:
    """Return the outcome in an item."""
    value, failure, *started = parts
    if failure is not None and not isinstance(failure, Failure):
        raise invalid("malformed outcome of the mesh: expected a failure")
    return Started(value, failure, *started[:2]) if started else Outcome(value, failure)


def spawn_parts(request: SpawnRequest, host: str) -> list[Any]:
    """Return a spawn as an item has it. Monitor and link are the asker's own affair: they are told of apart."""
    return [
        request.entry,
        host,
        list(request.args),
        request.name,
        [[topic, list(payloads)] for topic, payloads in request.messages],
        dict(request.context),
        dict(request.options),
        request.parent,
    ]


def read_spawn(parts: list[Any]) -> SpawnRequest:
    """Return the spawn in an item."""
    entry, host, args, name, messages, context, options, parent = parts[:8]
    told = tuple((topic, tuple(payloads)) for topic, payloads in messages)
    return SpawnRequest(entry, host, tuple(args), name, told, context, options, parent)
