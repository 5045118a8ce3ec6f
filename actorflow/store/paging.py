"""Paging down a list of runs, newest first, whose end is reached whatever order the database has them in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from actorflow.run.turn import RunRow
from actorflow.store.port import Reader, RunFilter

PAGE: Final = 1000
"""Runs of one page."""


def page(which: RunFilter, before: int | None) -> Callable[[Reader], list[RunRow]]:
    """Return the read of the page of runs below a number, None for the first."""
    return lambda reader: reader.runs(which, PAGE, before)


def next_before(rows: Sequence[RunRow], before: int | None) -> int | None:
    """Return the number below which the page after these rows begins; None when there is none.

    A damaged index may give rows that were there before, again and again.
    """
    lowest = min((row.run for row in rows), default=None)
    return lowest if lowest is not None and (before is None or lowest < before) else None
