"""Waiting for others: for the state of another workflow, or for somebody to resume this one."""

from __future__ import annotations

from typing import Any

from actorflow.script import task
from actorflow.script.operation import perform
from actorflow.script.time import Duration


async def wait_for(
    workflow: str,
    key: str,
    state: str,
    *,
    timeout: Duration | None = None,  # noqa: ASYNC109 - recorded as a timer of the process, not the event loop's
) -> dict[str, Any]:
    """Wait until the newest run of `workflow` with that key is or was in a state: its past is looked at first.

    The key of a run is what follows `<entry id>/` in its workflow id; with an empty `workflow` it is the whole id. A
    run that is not there yet is waited for. Returns `workflow_id`, `run_id`, `state` and `at` (Unix nanoseconds).

    Raises:
        Error: kind Conflict, when the run ends in another state; Invalid, for a state that cannot be waited for.
        TimeoutError: after `timeout`, in seconds or as text.
    """
    if timeout is None:
        return await _reached(workflow, key, state)
    async with task.timeout(timeout):
        return await _reached(workflow, key, state)


async def _reached(workflow: str, key: str, state: str) -> dict[str, Any]:
    reached: dict[str, Any] = await perform("workflow.wait_for", workflow, key, state)
    return reached


async def suspend(reason: str = "") -> Any:
    """Wait until somebody resumes this workflow, and return what that one gave along; others see why by `reason`.

    Raises:
        Error: kind Invalid, for a reason that is no text without braces.
    """
    return await perform("workflow.suspend", reason)
