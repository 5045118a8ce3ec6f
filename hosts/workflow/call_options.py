"""The options of a call as scripts write them: nested tables become dotted names, and what means nothing is named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from actorflow.node.start_option import flattened
from actorflow.node.suggest import did_you_mean
from actorflow.notice import Notice
from hosts.workflow.stopping import WAIT

if TYPE_CHECKING:
    from actorflow.notice import NoticeSink

_FAMILY: Final = "activity"
_OURS: Final = f"{_FAMILY}."
_PREFIX: Final = "temporal."
_NESTED: Final = frozenset({_FAMILY, "temporal", f"{_PREFIX}{_FAMILY}"})
_READ: Final = frozenset(
    {
        *("activity.start_to_close_timeout", "activity.schedule_to_close_timeout"),
        *("activity.schedule_to_start_timeout", "activity.heartbeat_timeout"),
        *("activity.id", "activity.retry_policy", "activity.priority", WAIT),
    }
)
_SHOWN: Final = frozenset({"activity.summary"})
"""What people read in the history, which has the options of each call."""
_ELSEWHERE: Final = frozenset({"activity.task_queue", "activity.disable_eager_execution", "activity.versioning_intent"})
_OF_A_CALL: Final = frozenset({WAIT})
"""Options that count only when the call itself has them, for its record says how it is cancelled."""


def flat(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return options in which those of activities have dotted names, also when they were written as nested tables."""
    if _NESTED.isdisjoint(options):
        return options
    return dict(flattened(options, _NESTED))


def look(target: str, options: Mapping[str, Any], notices: NoticeSink, *, preset: bool = False) -> None:
    """Notice each option of activities that means nothing here; `preset`: these are options of the function."""
    for path in options:
        name = path.removeprefix(_PREFIX)
        if not name.startswith(_OURS) or (name in _READ and not (preset and name in _OF_A_CALL)):
            continue
        if name in _ELSEWHERE:
            notices(
                Notice("option-ignored", f"option {path} of {target} means nothing on this host: it is for Temporal")
            )
        elif name in _OF_A_CALL:
            notices(Notice("option-ignored", f"option {path} of {target} counts in the options of a call only"))
        elif name not in _SHOWN:
            hint = did_you_mean(path, sorted(_READ | _ELSEWHERE | _SHOWN))
            notices(Notice("unknown-option", f"option {path} of {target} does not exist{hint}"))
