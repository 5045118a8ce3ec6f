"""Moving runs between two databases: what `actorflow move` does, for programs too."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing

from actorflow.store.database import Database
from actorflow.store.epoch import refuse_inactive
from actorflow.store.opening import open_store
from actorflow.store.port import RunFilter
from actorflow.store.relocate.relocation import Relocation, Result


def move_runs(
    source: Database,
    target: Database,
    which: RunFilter | None = None,
    *,
    dry_run: bool = False,
    told: Callable[[Result], None] = lambda _result: None,
) -> Result:
    """Move runs with all that belongs to them, beside nodes that serve either database; blocks until it is done.

    May be interrupted anywhere and called again. Runs with more ties than `which` says go with those it says.

    Args:
        source: the database where the runs are.
        target: the database where they go, made if it is not there.
        which: the runs, all by default.
        dry_run: only find out what would be moved.
        told: hears of progress.

    Raises:
        Error: kind Conflict, when both are the same, or one is a restored copy that nobody has activated; else what the
            databases met.
    """
    with ExitStack() as stack:
        one, other = (stack.enter_context(closing(open_store(database))) for database in (source, target))
        for store in (one, other):
            refuse_inactive(store.info(), store.dialect.place)
        relocation = Relocation(one, other, told)
        return relocation.preview(which or RunFilter()) if dry_run else relocation.move(which or RunFilter())
