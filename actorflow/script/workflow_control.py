"""A durable run that pauses or cancels itself."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from actorflow.script.operation import perform


def pause(reason: str = "") -> Awaitable[Any]:
    """Pause this run until somebody resumes it (`actorflow run resume`); awaited, it returns then.

    Signals, results and timers that come meanwhile are stored, and taken in afterwards.

    Raises:
        Error: kind Invalid, outside of a durable run.
    """
    return perform("workflow.pause", reason)


def cancel(reason: str = "") -> Awaitable[Any]:
    """Cancel this process, as `process.cancel` of its own PID does: it is asked to stop and may clean up."""
    return perform("workflow.cancel", reason)
