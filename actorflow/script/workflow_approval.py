"""Approvals: waiting durably for somebody's yes or no."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from actorflow.script.operation import perform
from actorflow.script.task import timeout
from actorflow.script.time import Duration, nanoseconds


async def approval(  # noqa: PLR0913 - the parts of a request
    name: str,
    *,
    reason: str = "",
    schema: Mapping[str, Any] | None = None,
    expiry: Duration | None = None,
    approvers: Sequence[str] | None = None,
    scope: str = "",
) -> dict[str, Any]:
    """Wait until somebody approves or rejects, and return `approved`, `data`, `reason`, `by` and `at` (Unix ns).

    Args:
        name: what is approved; asking again for the same name is another approval.
        reason: for the person who answers.
        schema: a JSON schema that the data of an approval must fit.
        expiry: how long it may take: seconds, or text such as "24h".
        scope: likewise, what the answer is about, for who lists approvals.
        approvers: the actors, and roles of actors, who may answer; without it everybody may.

    Raises:
        TimeoutError: when nobody has answered in time.
        Error: kind Invalid, outside of a workflow or for an option that cannot be used.
    """
    limit = None if expiry is None else nanoseconds(expiry)
    given = {"reason": reason, "schema": schema, "expiry": limit, "approvers": approvers, "scope": scope}
    options = {key: value for key, value in given.items() if value is not None and value != ""}
    if expiry is None:
        return await _asked(name, options)
    async with timeout(expiry):
        return await _asked(name, options)


async def _asked(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = await perform("workflow.approval", name, options)
    return answer
