"""The identity of runs: what a start does when its workflow id is held, and when it has been used before.

One open run holds a workflow id at a time. A key `K` of an entry is the workflow id `<entry>/K`. The words of Wippy and
Temporal are accepted beside ours, in any case, as an enum name or its number. Nothing here knows of stores or hosts.
"""

from __future__ import annotations

from typing import Any, Final

from actorflow.errors import Error, invalid

REJECT: Final = "reject"
RETURN_EXISTING: Final = "return_existing"
SKIP: Final = "skip"
QUEUE: Final = "queue"
ALLOW: Final = "allow"
REPLACE: Final = "replace"

REUSE: Final = "allow_duplicate"
REUSE_FAILED: Final = "allow_duplicate_failed_only"
REUSE_NEVER: Final = "reject_duplicate"
TERMINATE_IF_RUNNING: Final = "terminate_if_running"

CLOSE_TERMINATE: Final = "terminate"
CLOSE_ABANDON: Final = "abandon"
CLOSE_CANCEL: Final = "request_cancel"

CANCEL_TRY: Final = "try_cancel"
CANCEL_ABANDON: Final = "abandon"
CANCEL_WAIT: Final = "wait_cancellation_completed"

_CONFLICTS: Final = {
    **{word: word for word in (REJECT, RETURN_EXISTING, SKIP, QUEUE, ALLOW, REPLACE)},
    "fail": REJECT,
    "use_existing": RETURN_EXISTING,
    "terminate_existing": REPLACE,
    "1": REJECT,
    "2": RETURN_EXISTING,
    "3": REPLACE,
}
_REUSES: Final = {
    **{word: word for word in (REUSE, REUSE_FAILED, REUSE_NEVER, TERMINATE_IF_RUNNING)},
    "1": REUSE,
    "2": REUSE_FAILED,
    "3": REUSE_NEVER,
    "4": TERMINATE_IF_RUNNING,
}
_CLOSES: Final = {
    **{word: word for word in (CLOSE_TERMINATE, CLOSE_ABANDON, CLOSE_CANCEL)},
    "1": CLOSE_TERMINATE,
    "2": CLOSE_ABANDON,
    "3": CLOSE_CANCEL,
}
_CANCELS: Final = {
    **{word: word for word in (CANCEL_TRY, CANCEL_ABANDON, CANCEL_WAIT)},
    "wait_cancellation_requested": CANCEL_TRY,
    "0": CANCEL_ABANDON,
    "1": CANCEL_TRY,
    "2": CANCEL_WAIT,
    "3": CANCEL_TRY,
}
"""That a child is asked to stop is written with what its caller does next: it has been requested by then."""


def conflict_policy(option: str, value: Any) -> str:
    """Return what to do when an open run holds the workflow id; raises Invalid naming the option."""
    return _word(option, value, "workflow_id_conflict_policy_", _CONFLICTS)


def reuse_policy(option: str, value: Any) -> str:
    """Return what to do when runs of the workflow id have ended before; raises Invalid naming the option."""
    return _word(option, value, "workflow_id_reuse_policy_", _REUSES)


def close_policy(option: str, value: Any) -> str:
    """Return what happens to a child when its parent ends; raises Invalid naming the option."""
    return _word(option, value, "parent_close_policy_", _CLOSES)


def cancellation_type(option: str, value: Any) -> str:
    """Return what giving up the wait for a child means; raises Invalid naming the option."""
    return _word(option, value, "child_workflow_cancellation_type_", _CANCELS)


def keyed(entry: str, key: str) -> str:
    """Return the workflow id that a key of an entry is."""
    return f"{entry}/{key}"


def aside(workflow_id: str, run_id: str) -> str:
    """Return the workflow id of a run that goes beside, or waits behind, the one that holds `workflow_id`.

    It follows from the run id, so that a start which is asked for again means the same run; from its end, which is
    random: ids that are drawn begin with the time.
    """
    return f"{workflow_id}~{run_id[-8:]}"


def _word(option: str, value: Any, prefix: str, words: dict[str, str]) -> str:
    if isinstance(value, str | int) and not isinstance(value, bool):
        found = words.get(str(value).lower().removeprefix(prefix))
        if found is not None:
            return found
    raise _refused(option, value, words)


def _refused(option: str, value: Any, words: dict[str, str]) -> Error:
    expected = ", ".join(repr(word) for word in words if not word.isdigit())
    return invalid(f"option {option}: got {value!r}, expected one of {expected}")
