"""Asking for a change of a run: the items that a verb comes to, with everything encoded that a store is to write.

Used by the engine, by commands without a node, and by whoever keeps a store. Nothing here decides: the store does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from actorflow.codec import decode, encode
from actorflow.errors import ALREADY_EXISTS, CANCELED, CONFLICT, Error, Failure, not_found
from actorflow.message import exit_event
from actorflow.run import state as states
from actorflow.run.turn import ChangeRun, Committed

TERMINATED: Final = "workflow terminated"


@dataclass(frozen=True, slots=True)
class Pause:
    """Why a run is paused: what its row keeps as `waits` meanwhile.

    Attributes:
        reasons: for the person who reads it. by: who asked, "" for the engine.
        auto: whether the engine paused it by a limit: only then it may be resumed by itself.
        calls: request numbers of calls whose attempts are used up; a resume begins them with attempt 1.
    """

    reasons: Sequence[str] = ()
    by: str = ""
    auto: bool = False
    calls: Sequence[int] = ()

    def packed(self) -> bytes:
        """Return it as bytes."""
        return encode({"reasons": list(self.reasons), "by": self.by, "auto": self.auto, "calls": list(self.calls)})


def pause_of(waits: bytes) -> Pause:
    """Return why a run is paused, from its row."""
    value = decode(waits) if waits else []
    if isinstance(value, list):  # as the first schema had it
        return Pause([str(item) for item in value], auto=True)
    return Pause(value.get("reasons", ()), value.get("by", ""), value.get("auto", False), value.get("calls", ()))


def ended_as(waits: bytes, state: str) -> str:
    """Return how a run ended, also of one whose data are deleted."""
    if state not in {states.DELETE_REQUESTED, states.DATA_DELETED}:
        return state
    value = decode(waits) if waits else {}
    return str(value.get("ended", states.COMPLETED)) if isinstance(value, dict) else states.COMPLETED


def asking(  # noqa: PLR0913 - a verb, whom it is about, and why
    verb: str, *, at: int, run: int = 0, workflow_id: str = "", pid: str = "", reason: str = "", by: str = ""
) -> ChangeRun:
    """Return the change that a verb without more details is: release, pause, resume, cancel or terminate."""
    change = ChangeRun(verb, run, workflow_id, at=at, reason=reason, by=by, pid=pid)
    if verb == "pause":
        change.waits = Pause([reason] if reason else [], by).packed()
    if verb == "cancel":
        change.asked = encode([by, reason])
    if verb in {"cancel", "terminate"}:
        details: dict[str, Any] = {"forced": True}
        if reason:
            details["reason"] = reason
        ending(change, Failure(TERMINATED, CANCELED, retryable=False, details=details))
    return change


def ending(change: ChangeRun, failure: Failure) -> ChangeRun:
    """Put into a change how the run ends by it."""
    change.end = encode(failure)
    change.exit = encode(exit_event(change.pid, change.at, None, failure))
    return change


_LATER: Final = {
    "revision": "it has changed meanwhile; look at it again, then ask again",
    "moving": "it is being moved to another store; ask there when it has arrived",
}
"""Refusals that somebody else's work is the reason of."""


def refused(  # noqa: PLR0913 - what was asked, of what, and what is known of it
    change: ChangeRun, answer: Committed, what: str, *, strict: str = "", revision: int = 0, since: str = ""
) -> Error:
    """Return the error of a change that the store refused; `what` names the run, `since` is as in `states.refusal`."""
    if answer.refusal == "state":
        if strict and states.allows(change.verb, answer.state):
            return states.refusal(what, change.verb, answer.state, strict, revision, since=since)
        return states.refusal(what, change.verb, answer.state, since=since)
    if answer.refusal == "exists":
        message = f"cannot {change.verb} {what}: another open run holds its workflow id or lock key; end that one first"
        return Error(message, ALREADY_EXISTS, retryable=False)
    if answer.refusal in _LATER:
        return Error(f"cannot {change.verb} {what}: {_LATER[answer.refusal]}", CONFLICT, retryable=True)
    if answer.refusal == "parent":
        message = f"cannot {change.verb} {what}: its parent run is open still and may ask for it; purge it afterwards"
        return Error(message, CONFLICT, retryable=False)
    if answer.refusal == "source":
        what += f" that could go on with source {change.source!r}: it is not stored; `run show` prints whole hashes"
    return not_found(f"there is no run {what}")
