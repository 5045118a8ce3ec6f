"""Queries of a run that no node serves: a replay of what its store has answers them, and changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from actorflow.codec import decode
from actorflow.errors import Error, not_found
from actorflow.names import Pid
from actorflow.run.rule import check_rules
from actorflow.value import Value, copy_value
from hosts.workflow.checking import place_of, replay, replayable
from hosts.workflow.copying import KeptMachine, ReadingDriver, effective
from hosts.workflow.driver import Divergence
from hosts.workflow.live import CorruptJournalError
from hosts.workflow.query import answer_of
from hosts.workflow.report import divergence_report

if TYPE_CHECKING:
    from actorflow.bundle import Bundle
    from actorflow.ports import Program
    from actorflow.run.turn import OpenRun


def query_stored(  # noqa: PLR0913, PLR0917 - a run, what it is held to, and the query
    held: OpenRun,
    bundle: Bundle | None,
    program: Program | None,
    config: Mapping[str, Any],
    name: str,
    args: tuple[Value, ...],
) -> Value:
    """Answer a query as `query.query` does, of a run with its pinned source, compiled for a durable host.

    Raises:
        Error: NotFound without such a query, or when the run has no data any more; Internal, when it cannot be rebuilt;
            else as `query.query`.
    """
    row = held.row
    plain = {"state": {"state": row.state, "reason": row.reason, "updated": row.updated}, "seq": row.last_seq}
    plain["pid"] = str(Pid("local", row.host, row.workflow_id))
    if name in plain:
        return plain[name]
    if bundle is None or program is None or not held.events or not held.events[0].payload:
        raise not_found(f"run {row.workflow_id!r} cannot be rebuilt: its data are deleted")
    journal, payload = effective(held), decode(held.events[0].payload)
    check_rules(payload, held.events)
    live = replayable(payload, bundle, program, row.host, config)
    live.machine.script.close()
    machine: Any = KeptMachine(live.driver, program)
    live.machine = machine
    try:
        replay(live, journal)
        machine.driver = ReadingDriver(live.driver.identity, live.driver.now())
        return copy_value(answer_of(live, held, name, args))
    except Divergence as divergence:
        report = divergence_report(divergence, place_of(live))
        raise Error(f"it cannot be rebuilt: {report}", retryable=False) from None
    except CorruptJournalError as corrupt:
        raise Error(f"it cannot be rebuilt: {corrupt}", retryable=False) from None
    finally:
        machine.drop()
