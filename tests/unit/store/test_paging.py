"""Paging down a list of runs, whatever order a damaged table has them in."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from actorflow.clock import SystemClock
from actorflow.store.dialect import Sqlite
from actorflow.store.operator import Operator
from actorflow.store.paging import next_before
from actorflow.store.port import RunFilter
from actorflow.store.relocate.relocation import Relocation
from actorflow.store.sql import SqlStore
from actorflow.testing.conformance.items import Book

ROWS: Any = [SimpleNamespace(run=number) for number in (5, 7, 6)]


def test_the_next_page_is_below_all_of_this_one_and_there_is_none_when_it_would_not_be_lower() -> None:
    assert (next_before(ROWS, None), next_before(ROWS, 9), next_before(ROWS, 5), next_before([], 9)) == (
        5,
        5,
        None,
        None,
    )


async def test_a_verb_for_many_runs_ends_though_each_page_is_the_first() -> None:
    asked: list[None] = []

    async def read(_database: str, _read: Callable[[Any], Any]) -> Any:
        asked.append(None)
        return ROWS

    stores: Any = SimpleNamespace(opened=lambda: ["store"], read=read)
    found = [row.run async for _, row in Operator(stores, SystemClock())._matching(RunFilter())]  # noqa: SLF001
    assert (len(asked), set(found)) == (2, {5, 6, 7})


def test_a_move_ends_though_each_page_is_the_first(tmp_path: Path) -> None:
    class Damaged(SqlStore):
        def runs(self, which: Any = None, limit: int = 100, before: int | None = None) -> Any:
            assert before is None or before > 0
            return super().runs(which, limit, None)

    with closing(Damaged(Sqlite(tmp_path / "a.db"))) as source, closing(SqlStore(Sqlite(tmp_path / "b.db"))) as target:
        source.commit([Book("order/1").start()])
        assert Relocation(source, target).preview(RunFilter()).moved == 1
