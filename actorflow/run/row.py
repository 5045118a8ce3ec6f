"""What a store is asked about runs beside their own rows: what they wait for, and how their states changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Wanted(NamedTuple):
    """An id or lock key beside its own that a run waits for.

    Attributes:
        key: as it is stored. ready: whether the run stands in line, or waits for something else first.
        holder: the run that holds it, 0 for none.
    """

    key: str
    ready: bool
    holder: int


@dataclass(frozen=True, slots=True)
class RunChanged:
    """A change of state as whoever watches all runs sees it: `id` grows with every change of the store."""

    id: int
    run: int
    state: str
    at: int
    reason: str
    by: str
    run_id: str
    workflow_id: str
    entry: str
    host: str
