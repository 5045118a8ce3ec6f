"""The statement that lists runs: one for each set of conditions, put together when it is first asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from actorflow.store.statement_read import ListStatements

LISTED: Final = ("host", "state", "entry", "queue", "prefix")
"""What a list of runs may be filtered by, in the order of the parameters; `prefix` takes its length first."""
_WHERE: Final = "WHERE "


def listing(sql: ListStatements, fields: frozenset[str], *, only_open: bool, attributes: int = 0) -> str:
    """Return the list of runs filtered by `fields` (names of `RunFilter`), newest first.

    Its parameters are those of `LISTED` that are in `fields`, name and value of as many search attributes as
    `attributes` says, then `before` and `limit`. With `only_open` it reads runs that hold their workflow id only.
    """
    conditions = [condition for name, condition in zip(LISTED, sql.conditions, strict=True) if name in fields]
    conditions += [sql.described] * attributes + [sql.still_open] * only_open
    head, where, tail = sql.runs.partition(_WHERE)
    return head + where + " AND ".join([*conditions, tail])
