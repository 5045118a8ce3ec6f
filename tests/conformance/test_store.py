"""The store suite, on every store there is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from actorflow.store.dialect import Sqlite
from actorflow.store.memory import MemoryStore
from actorflow.store.port import Store
from actorflow.store.sql import SqlStore
from actorflow.testing.conformance.store import CASES, Case, check_store


@pytest.fixture(params=["memory", "sqlite"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Store]:
    made = iter(range(1000))

    def make() -> Store:
        return MemoryStore() if request.param == "memory" else SqlStore(Sqlite(tmp_path / f"{next(made)}.db"))

    return make


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_store(case: Case, make_store: Callable[[], Store]) -> None:
    with closing(make_store()) as store:
        case(store)


def test_the_whole_suite_is_one_call() -> None:
    check_store(MemoryStore)
