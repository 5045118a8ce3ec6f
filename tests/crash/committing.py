"""A child process that writes without end and says what was acknowledged, and how long the log was when it was synced.

Run as `python committing.py DATABASE`; every line of its output is the kind of thing acknowledged, its name, and the
length of the synced log.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import trio

from actorflow.run.event import MESSAGE_RECEIVED
from actorflow.run.turn import Committed, Item
from actorflow.store.crash import CrashPoint
from actorflow.store.dialect import Sqlite
from actorflow.store.sql import SqlStore
from actorflow.store.writer import Writer
from actorflow.testing.conformance.items import Book, message

CUSTOMERS = 20


_HEADER = 32
_FRAME = 24 + 4096
"""Bytes of the header of a log, and of a page in it; zeros that wait to be written over (`log_room`) begin no page."""


class MeasuredStore(SqlStore):
    """A store that notes how long its log was when a commit returned: all of that has been synced."""

    def __init__(self, path: Path) -> None:
        super().__init__(Sqlite(path), CrashPoint())
        self.log = Path(f"{path}-wal").open("rb", buffering=0)  # noqa: SIM115 - to the end of the process
        self.length = _HEADER
        self.synced: dict[int, int] = {}

    def commit(self, batch: Sequence[Item]) -> list[Committed]:
        answers = super().commit(batch)
        while any(os.pread(self.log.fileno(), 4, self.length)):  # the number of the page in a frame is never 0
            self.length += _FRAME
        self.synced.update({id(answer): self.length for answer in answers})
        return answers


class Customer:
    """Starts runs and signals them, one after another; some signals are journaled by a turn, others stay."""

    def __init__(self, writer: Writer, store: MeasuredStore, number: int) -> None:
        self.writer = writer
        self.store = store
        self.number = number

    async def acknowledged(self, item: Item, kind: str, name: str) -> Committed:
        answer = await self.writer.write(item)
        print(kind, name, self.store.synced.pop(id(answer)), flush=True)  # noqa: T201 - the parent reads it
        return answer

    async def order(self, number: int) -> None:
        book = Book(f"order/{self.number}/{number}")
        book.started(await self.acknowledged(book.start(), "start", book.run_id))
        for part in range(3):
            name = f"{book.run_id}/{part}"
            answer = await self.acknowledged(message(book.workflow_id, name.encode()), "signal", name)
            if part % 2:
                event = book.event(MESSAGE_RECEIVED, name.encode())
                await self.acknowledged(book.turn(events=[event], consumed=answer.inbox), "turn", name)

    async def order_without_end(self) -> None:
        number = 0
        while True:
            await self.order(number)
            number += 1


async def main() -> None:
    store = MeasuredStore(Path(sys.argv[1]))
    writer = Writer(store)
    async with trio.open_nursery() as nursery:
        for number in range(CUSTOMERS):
            nursery.start_soon(Customer(writer, store, number).order_without_end)


if __name__ == "__main__":
    trio.run(main)
