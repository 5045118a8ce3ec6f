"""Group commit: how many items ride in one transaction, and how one that cannot be stored is kept from the others."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeAlias

from actorflow.errors import Error, Failure, invalid
from actorflow.run.plain_turn import PlainTurn
from actorflow.run.turn import Committed, Item, StartRun, Transact, Turn
from actorflow.store.port import Store

Answer: TypeAlias = Committed | Error
Callback: TypeAlias = Callable[[Answer], None]
"""Called exactly once, in the node's thread, with the answer to one item."""

ROWS: Final = 500
"""How many rows a group may have before it is committed."""


class Write(NamedTuple):
    """An item to commit with others, and who is told."""

    item: Item
    callback: Callback


def next_group(waiting: deque[Write], rows: int) -> list[Write]:
    """Take the first items, as many as make about so many rows, and at least one."""
    group: list[Write] = []
    while waiting and rows > 0:
        item = waiting[0].item
        if type(item) is PlainTurn:  # nearly all are
            group.append(waiting.popleft())
            rows -= 1 + len(item.events)
            continue
        alone = isinstance(item, Transact)  # what somebody else's SQL does must not concern others
        if alone and group:
            break
        group.append(waiting.popleft())
        rows = 0 if alone else rows - weight(item)
    return group


def weight(item: Item) -> int:
    """Return about how many rows an item writes."""
    return 1 + len(item.events) if isinstance(item, StartRun | Turn) else 1


def commit_all(store: Store, items: Sequence[Item]) -> list[Answer]:
    """Commit items in one transaction and return an answer for each; never raises.

    When the whole group fails over something that is no fault of the database, some item cannot be stored at all:
    then each is committed alone, so that only that one is answered with the error.
    """
    try:
        return list(store.commit(items))
    except Error as error:
        return [error] * len(items)
    except Exception as error:  # noqa: BLE001 - a driver may raise anything over a value it cannot store
        if len(items) == 1:
            return [_refused(error)]
        return [answer for item in items for answer in commit_all(store, [item])]


def _refused(error: Exception) -> Error:
    return invalid(f"this cannot be stored: {type(error).__name__}: {error}")


def closed() -> Error:
    """Return the answer of a writer that takes nothing more."""
    return Error(Failure("the store is closed: its node is stopping", "Unavailable", retryable=False))
