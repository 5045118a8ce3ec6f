"""How SQLite runs the statements of a store: none of them goes over all runs that are kept, but for those named here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from actorflow.store.bulk import RowStatement, UpdateStatement
from actorflow.store.dialect import Sqlite
from actorflow.store.shard_read import ShardStatements
from actorflow.store.statement_read import ListStatements, ReadStatements
from actorflow.store.statement_write import WriteStatements

GROWING: Final = (
    "run",
    "journal",
    "state_history",
    "continuation",
    "attribute",
    "blob",
    "inbox",
    "timer",
    "call",
    "open_run",
)
"""Tables with rows for each run that is kept, or for each that is open."""
OVER_ALL: Final = {
    "write.unused": "`registry gc` looks for sources that no run refers to",
    "read.counts": "asked for by people",
    "read.inbox_runs": "what waits in inboxes is little, and gone soon; see the test below",
}


def texts(statements: Any, prefix: str) -> Iterator[tuple[str, str]]:
    """Iterate the statements of an object, by name, each for one row; the parts of lists of runs are no statements."""
    for name, value in vars(statements).items():
        if isinstance(value, ListStatements):
            yield f"{prefix}.{name}", value.runs
            continue
        listed = value if isinstance(value, list | tuple) else [value]
        for item in listed:
            if isinstance(item, str):
                yield f"{prefix}.{name}", item
            elif isinstance(item, RowStatement):
                yield f"{prefix}.{name}", item.texts[-1][1]  # the text for one row
            elif isinstance(item, UpdateStatement):
                yield from ((f"{prefix}.{name}", text) for text in item.texts)
            else:
                yield from texts(item, f"{prefix}.{name}")


def test_no_statement_goes_over_all_that_is_kept(tmp_path: Path) -> None:
    database = Sqlite(tmp_path / "runs.db")
    found = [*texts(WriteStatements(database), "write"), *texts(ReadStatements(database), "read")]
    assert len(found) > 80
    with closing(database.connect()) as connection:
        for name, text in found:
            plan = connection.execute(f"EXPLAIN QUERY PLAN {text}", (None,) * text.count("?")).fetchall()
            steps = [step for *_, step in plan]
            scanned = {step.split()[1].removesuffix("_1") for step in steps if step.startswith("SCAN ")}
            assert name in OVER_ALL or scanned.isdisjoint(GROWING), f"{name}: {steps}"


def test_who_has_something_in_its_inbox_is_found_from_there_and_not_from_all_that_are_open(tmp_path: Path) -> None:
    database = Sqlite(tmp_path / "runs.db")
    with closing(database.connect()) as connection:
        for text in (ReadStatements(database).inbox_runs, ShardStatements(database).inbox_runs):
            given = (None,) * text.count("?")
            steps = [step for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {text}", given).fetchall()]
            assert any("open_run_by_host (host=? AND run=?)" in step for step in steps), steps
