"""The turn of a step, built and taken into effect: one call has been answered, and the script asks for the next.

Most turns of most runs are such. They do nothing that the other parts of a turn are there for (timers, children,
messages, documents, an end), so they pass these by; each of the two functions tells by itself whether it is one. Both
take half of the bytecodes that the whole way takes (`docs/decisions`, "A step in two threads").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from actorflow.run.event import FUNCTION_CALLED, FUNCTION_COMPLETED, TIMER_FIRED
from actorflow.run.plain_turn import PlainTurn
from hosts.workflow.resident import Draft

if TYPE_CHECKING:
    from hosts.workflow.driver import Record
    from hosts.workflow.engine import Engine
    from hosts.workflow.live import Fact, LiveRun
    from hosts.workflow.resident import Resident

_PLAIN: Final = frozenset({FUNCTION_COMPLETED, TIMER_FIRED})


def _is_call(record: Record) -> bool:
    return record.kind == FUNCTION_CALLED


class PlainDraft(Draft):
    """The draft of such a turn, with one fact; what it does not say is an attribute of its class."""

    def __init__(self, turn: PlainTurn, facts: list[Fact], records: list[Record]) -> None:
        """See `Draft`."""
        self.turn = turn
        self.facts = facts
        self.records = records


def begins_plain(resident: Resident, live: LiveRun) -> bool:
    """Tell whether what waits for a run is one answer of a function, or a timer, and nothing else."""
    if len(resident.facts) != 1:
        return False
    fact = resident.facts[0]
    return (
        fact.kind in _PLAIN
        and not fact.row
        and fact.ref in live.driver.open
        and resident.start is None
        and resident.ending is None
        and not resident.attempts
        and live.machine.outcome is None
    )


def stays_plain(records: list[Record], live: LiveRun) -> bool:
    """Tell whether what the script has asked after its answer is calls of functions, and nothing else."""
    if not records or live.machine.outcome is not None or live.driver.described is not None:
        return False
    return all(map(_is_call, records))


def stepped(engine: Engine, resident: Resident, draft: Draft) -> None:
    """Begin the calls of a plain turn that is committed; what its answer was to is over."""
    resident.busy = resident.pending = False
    engine.progressed()
    resident.revision += 1
    calls, answered = engine.calls, draft.facts[0].ref
    if engine.asked:  # the call had been asked to stop, and has ended by itself
        engine.asked.discard((resident.run, answered))
    calls.close(resident.run, answered)
    for record in draft.records:
        if resident.live is not None and record.ref in resident.live.driver.open:
            calls.start(resident, record)
