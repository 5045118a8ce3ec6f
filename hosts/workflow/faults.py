"""What a workflow host answers when it cannot do what it is asked, and how a run that is over ended."""

from __future__ import annotations

from actorflow.codec import decode
from actorflow.errors import Error, Failure, not_found, unavailable
from actorflow.ports import Outcome
from actorflow.run.turn import RunRow


def no_run(workflow_id: str) -> Error:
    """Return the error of a workflow id that no open run holds."""
    return not_found(f"process not found: no open workflow {workflow_id!r}")


def stopped(host_id: str) -> Error:
    """Return the error of a host that does not serve."""
    return unavailable(f"host is not running: {host_id!r}")


def row_outcome(row: RunRow) -> Outcome:
    """Return the outcome in the row of a run that has ended."""
    value = decode(row.result or b"\xf6")
    return Outcome(failure=value) if isinstance(value, Failure) else Outcome(value)
