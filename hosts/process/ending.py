"""How a process ended, for everybody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actorflow.errors import Error
from actorflow.ports import Outcome

if TYPE_CHECKING:
    from hosts.process.process import Process


def crossing(process: Process) -> Outcome:
    """Return the outcome as others may see it: a result that cannot leave the process is its failure."""
    outcome = process.machine.outcome or Outcome()
    if outcome.failure is not None:
        return Outcome(failure=outcome.failure.crossing())
    if outcome.value is None:  # as most: nothing to copy
        return outcome
    try:
        return Outcome(process.copied(outcome.value))
    except Error as error:
        return Outcome(failure=error.failure)
