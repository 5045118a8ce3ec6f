"""What a workflow host answers when it cannot do what it is asked."""

from __future__ import annotations

from actorflow.errors import Error, not_found, unavailable


def no_run(workflow_id: str) -> Error:
    """Return the error of a workflow id that no open run holds."""
    return not_found(f"process not found: no open workflow {workflow_id!r}")


def stopped() -> Error:
    """Return the error of a host that does not serve."""
    return unavailable("host is not running")
