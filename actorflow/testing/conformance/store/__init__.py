"""What every store must do, whatever database it keeps its rows in.

Call `check_store` from a test of your own adapter, or run the `CASES` one by one for a report of each. Each file here
is a part of the contract and lists its own.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Final, TypeAlias

from actorflow.store.port import Store
from actorflow.testing.conformance.store import (
    change,
    documents,
    ending,
    owning,
    reading,
    start,
    succession,
    transact,
    turn,
    waiting,
)
from actorflow.testing.conformance.store.case import Case
from actorflow.testing.conformance.store.sharing import SHARED, SharedCase

MakeStore: TypeAlias = Callable[[], Store]

CASES: Final[tuple[Case, ...]] = (
    *start.CASES,
    *turn.CASES,
    *ending.CASES,
    *succession.CASES,
    *waiting.CASES,
    *reading.CASES,
    *documents.CASES,
    *change.CASES,
    *transact.CASES,
    *owning.CASES,
)


__all__ = ["CASES", "SHARED", "Case", "MakeStore", "SharedCase", "check_store"]


def check_store(make_store: MakeStore, share: Callable[[Store], Store] | None = None) -> None:
    """Run every case on a store of its own.

    Args:
        make_store: returns a new, empty store each time; it is closed after its case.
        share: returns another store on the database of one, None when no second connection can be made to it.

    Raises:
        AssertionError: naming what was got and what was expected.
    """
    for case in CASES:
        with closing(make_store()) as store:
            case(store)
    if share is None:
        return
    for shared in SHARED:
        with closing(make_store()) as one, closing(share(one)) as two:
            shared(one, two)
