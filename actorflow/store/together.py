"""Several items at once: they share their commits, where one after the other would each wait for its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from actorflow.errors import Error
from actorflow.run.turn import Committed, Item
from actorflow.store.group import Answer, Write
from actorflow.store.wait import answer

if TYPE_CHECKING:
    from actorflow.store.writer import AnyWriter


async def write_all(writer: AnyWriter, items: Sequence[Item]) -> list[Committed]:
    """Commit several items, each by itself or not at all, and return the answers in their order.

    Raises:
        Error: the first that one of them met; the others are committed nevertheless.
    """
    outcomes: list[Answer] = []

    def submit(answered: Callable[[Any], None]) -> None:
        def told(outcome: Answer) -> None:
            outcomes.append(outcome)
            if len(outcomes) == len(items):
                answered(next((outcome for outcome in outcomes if isinstance(outcome, Error)), outcomes))

        writer.submit_all([Write(item, told) for item in items])

    return await answer(submit, abandon=False) if items else []
