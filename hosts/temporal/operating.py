"""What operators ask of runs beside `asking`: to wait for a state, and what only runs in a store of ours have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import trio

from actorflow.errors import CONFLICT, NOT_FOUND, Error, invalid
from actorflow.node.suggest import did_you_mean
from actorflow.run import state as states
from actorflow.store.why import Told

if TYPE_CHECKING:
    from actorflow.value import Value
    from hosts.temporal.view import View

_FIRST: Final = 0.05
_MOST: Final = 1.0
"""Seconds between two looks at a run that somebody waits for: the first time, and at most."""
_FORK: Final = "its history cannot be cut: start a new run, or let Temporal's own `workflow reset` repeat it"
_APPROVE: Final = "approvals are kept in a store of ours: send it a signal, or update it"
_TOKENS: Final = "the cluster keeps their last values only, in the script: query it"


class Operating:
    """A worker that operators ask for more than the cluster has."""

    view: View

    async def reached(self, reference: str, until: str) -> Value:
        """Return a run as `View.shown` does, once it is or was in a state; the runs that it continues as are followed.

        Raises:
            Error: Invalid for a state that no run on a cluster has, NotFound without such a run, Conflict when it has
                ended without having been in that state.
        """
        known = sorted({states.CREATED, states.RUNNING, *states.TERMINAL})
        if until not in known:
            expected = f"on a temporal.worker expected one of {', '.join(known)}"
            raise invalid(f"until: got {until!r}{did_you_mean(until, known)}; {expected}")
        wait = _FIRST
        while True:
            shown: dict[str, Any] = await self.view.shown(reference)
            if until in {states.CREATED, states.RUNNING} or (shown["state"] == until and not shown["continued_as"]):
                return shown
            if shown["continued_as"]:
                reference = shown["workflow_id"]  # which means the newest run of the chain
            elif shown["state"] in states.TERMINAL:
                raise _elsewhere(shown, until)
            else:
                await trio.sleep(wait)
                wait = min(wait * 2, _MOST)

    async def named(self, reference: str) -> dict[str, Any]:
        """Return what policies may say of a run, however it was named: its `workflow_id` and its `entry`."""
        try:
            found = await self.view.line(reference)
        except Error as error:
            if error.kind != NOT_FOUND:
                raise
            return {}
        return {"workflow_id": found["workflow_id"], "entry": found["entry"]}

    async def told(self, reference: str) -> Told:  # noqa: ARG002 - every durable host's shape
        """Know nothing beside a store of ours: the run is in none."""
        return Told(hosted=False)

    async def approvals(self, reference: str, *, only_open: bool) -> list[dict[str, Any]]:  # noqa: ARG002
        """Return no approvals: runs on a cluster cannot ask for one."""
        return []

    async def fork(self, reference: str, options: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        """Refuse; raises `Error` Invalid."""
        raise lacking("fork", _FORK)

    async def approve(self, reference: str, name: str, decision: Mapping[str, Any]) -> Value:  # noqa: ARG002
        """Refuse; raises `Error` Invalid."""
        raise lacking("approve", _APPROVE)

    async def tokens(self, reference: str) -> list[dict[str, Any]]:  # noqa: ARG002
        """Refuse; raises `Error` Invalid."""
        raise lacking("tokens", _TOKENS)


def _elsewhere(shown: dict[str, Any], until: str) -> Error:
    text = f"run {shown['workflow_id']!r} has ended {shown['state']}: it never was {until}"
    return Error(text, CONFLICT, retryable=False, details={"state": shown["state"], "run_id": shown["run_id"]})


def lacking(verb: str, advice: str) -> Error:
    """Return why a verb is not there for runs on a cluster."""
    return invalid(f"run {verb} is not available on a temporal.worker: {advice}")
