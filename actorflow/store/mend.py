"""Repairing what `examine` found, as far as nothing is made up: indexes, rows that belong to nobody, quarantine.

A run whose journal or row is damaged is paused with the reason `corrupt: …`, and its host leaves it alone; no journal
is changed. All repairs of a store are one transaction, made while no node uses it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from sqlalchemy import bindparam, delete, insert, select, update

from actorflow.codec import encode
from actorflow.run import state as states
from actorflow.store import tables as t
from actorflow.store.database import Database
from actorflow.store.examine import LEFT_OVER, OF_RUNS, QUARANTINE, REINDEX, STRAY, Fault
from actorflow.store.statement import compiled
from actorflow.store.verify import CLEAR, REOPEN

_BY_NAME: Final = {table.name: table for table in OF_RUNS}


def mend(dialect: Database, faults: Iterable[Fault], now: int) -> list[str]:
    """Repair what can be repaired and return what was done; `now` is in Unix nanoseconds.

    Raises:
        Error: when the database cannot be written; then nothing was.
    """
    todo = _todo(faults)
    if not todo:
        return []
    connection = dialect.connect()
    try:
        mender = _Mender(dialect, connection, now)
        dialect.begin(connection.cursor())
        done = [mender.apply(cure, fault) for cure, fault in todo]
        connection.execute("COMMIT")
    except Exception as error:
        if (meaning := dialect.explain(error)) is not None:
            raise meaning from error
        raise
    finally:
        connection.close()
    return done


def _todo(faults: Iterable[Fault]) -> list[tuple[str, Fault]]:
    """Return each repair once, in the order in which they must be made: a lost id comes back when it is free again."""
    wanted: dict[tuple[str, int, str], Fault] = {}
    for fault in faults:
        if fault.cure:
            key = (
                (fault.cure, 0, "") if fault.cure == REINDEX else (fault.cure, fault.run, fault.document or fault.table)
            )
            wanted.setdefault(key, fault)
    order = (REINDEX, STRAY, LEFT_OVER, CLEAR, REOPEN, QUARANTINE)
    return sorted(((cure, fault) for (cure, _, _), fault in wanted.items()), key=lambda item: order.index(item[0]))


class _Mender:
    def __init__(self, dialect: Database, connection: Any, now: int) -> None:
        self._dialect = dialect
        self._connection = connection
        self._now = now
        self._cures: dict[str, Callable[[Fault], str]] = {
            REINDEX: self._reindex,
            STRAY: self._delete_stray,
            LEFT_OVER: self._delete_document,
            CLEAR: self._clear,
            REOPEN: self._reopen,
            QUARANTINE: self._quarantine,
        }

    def apply(self, cure: str, fault: Fault) -> str:
        """Make one repair and say what it was."""
        return self._cures[cure](fault)

    def _run(self, statement: Any, **parameters: object) -> None:
        self._connection.execute(compiled(self._dialect, statement, *parameters), tuple(parameters.values()))

    def _reindex(self, _fault: Fault) -> str:
        self._connection.execute("REINDEX")
        return "made the indexes again"

    def _delete_stray(self, fault: Fault) -> str:
        table = _BY_NAME[fault.table]
        self._run(delete(table).where(table.c.run == bindparam("key")), key=fault.run)
        return f"deleted what table {fault.table} had of run {fault.run}"

    def _delete_document(self, fault: Fault) -> str:
        kind, _, key = fault.document.partition("/")
        named = (t.document.c.kind == bindparam("kind_is"), t.document.c.key == bindparam("key_is"))
        self._run(delete(t.document).where(*named), kind_is=kind, key_is=key)
        return f"deleted document {kind} {key}"

    def _clear(self, fault: Fault) -> str:
        for table in (t.open_run, t.queued_run, t.timer, t.call):
            self._run(delete(table).where(table.c.run == bindparam("key")), key=fault.run)
        return f"deleted what run {fault.run} had left over"

    def _reopen(self, fault: Fault) -> str:
        row = select(t.run.c.workflow_id, t.run.c.run, t.run.c.host).where(t.run.c.run == bindparam("key"))
        free = ~select(t.open_run.c.run).where(t.open_run.c.workflow_id == t.run.c.workflow_id).exists()
        self._run(insert(t.open_run).from_select(["workflow_id", "run", "host"], row.where(free)), key=fault.run)
        return f"gave run {fault.run} its workflow id back"

    def _quarantine(self, fault: Fault) -> str:
        reason = f"corrupt: {fault.what}"
        changes = {"state": states.PAUSED, "updated": self._now, "reason": reason, "waits": encode([reason])}
        self._run(update(t.run).where(t.run.c.run == bindparam("key")), **changes, key=fault.run)
        note = {"run": fault.run, "state": states.PAUSED, "at": self._now, "reason": reason, "by": "doctor"}
        self._run(insert(t.state_history), **note)
        return f"paused run {fault.run}: {reason}"
