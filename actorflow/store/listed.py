"""The statement that lists runs: one for each set of conditions, compiled when it is first asked for."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Select, bindparam, select

from actorflow.store import tables as t
from actorflow.store.database import Database
from actorflow.store.statement import begins, compiled, limited


def listing(dialect: Database, fields: frozenset[str], *, only_open: bool, attributes: int = 0) -> str:
    """Compile the list of runs filtered by `fields` (names of `RunFilter`), newest first.

    Its parameters are those of `LISTED` that are in `fields`, name and value of as many search attributes as
    `attributes` says, then `before` and `limit`. With `only_open` it reads runs that hold their workflow id only.
    """
    conditions = [condition for name, condition in LISTED.items() if name in fields]
    conditions += [t.run.c.run.in_(_described(number)) for number in range(attributes)]
    rows = select(t.run).where(*conditions, t.run.c.run < bindparam("before")).order_by(t.run.c.run.desc())
    if only_open:
        rows = rows.where(t.run.c.run.in_(select(t.open_run.c.run)))
    names = [name for name in LISTED if name in fields]
    if "prefix" in fields:
        names.insert(names.index("prefix"), "length")
    names += [f"{part}_{number}" for number in range(attributes) for part in ("name", "value")]
    return compiled(dialect, limited(rows), *names, "before", "limit")


def _described(number: int) -> Select[Any]:
    row = t.attribute.c
    return select(row.run).where(row.name == bindparam(f"name_{number}"), row.value == bindparam(f"value_{number}"))


LISTED: Final[dict[str, ColumnElement[bool]]] = {
    "host": t.run.c.host == bindparam("host"),
    "state": t.run.c.state == bindparam("state"),
    "entry": t.run.c.entry == bindparam("entry"),
    "queue": t.run.c.queue == bindparam("queue"),
    "prefix": begins(t.run.c.workflow_id),
}
"""The conditions of a list of runs, in the order of their parameters; `prefix` takes its length first."""
