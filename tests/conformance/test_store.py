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
from actorflow.testing.conformance.store import CASES, SHARED, Case, SharedCase, check_store
from tests.databases import POSTGRES, SERVERS, SLOW_MARIADB, shared, store


def maker(kind: str, place: Path) -> Callable[[], Store]:
    made = iter(range(1000))

    def make() -> Store:
        if kind == "sqlite":
            return SqlStore(Sqlite(place / f"{next(made)}.db"))
        return MemoryStore() if kind == "memory" else store(kind)

    return make


@pytest.mark.parametrize("kind", ["memory", "sqlite", POSTGRES, SLOW_MARIADB])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_store(case: Case, kind: str, tmp_path: Path) -> None:
    with closing(maker(kind, tmp_path)()) as made:
        case(made)


@pytest.mark.parametrize("kind", ["sqlite", *SERVERS])
@pytest.mark.parametrize("case", SHARED, ids=lambda case: case.__name__)
def test_a_shared_store(case: SharedCase, kind: str, tmp_path: Path) -> None:
    with closing(maker(kind, tmp_path)()) as one, closing(shared(one)) as two:
        case(one, two)


def test_the_whole_suite_is_one_call() -> None:
    check_store(MemoryStore)
    with pytest.raises(AssertionError, match="turns: got"):  # two stores that share nothing
        check_store(MemoryStore, lambda _one: MemoryStore())
