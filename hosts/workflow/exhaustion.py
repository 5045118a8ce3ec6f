"""What becomes of a run whose call has used up its attempts: it fails, or it is paused until somebody has looked.

Said by the options of the call, by the function's own, or by the entry of the workflow, in this order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from actorflow.duration import MILLISECOND, to_nanoseconds
from actorflow.errors import Error, invalid

FAIL: Final = "fail"
PAUSE: Final = "pause"
_NAMES: Final = ("on_exhausted", "pause_after", "auto_resume_after")


class Exhaustion(NamedTuple):
    """When a run is paused over a call.

    Attributes:
        pause: whether to pause when the attempts of the retry policy are used up.
        after: pause after so many failed attempts, 0 for never. A failure that says it is not retryable fails the call.
        resume_after: nanoseconds after which such a run is resumed by itself, 0 for never.
    """

    pause: bool = False
    after: int = 0
    resume_after: int = 0

    def reached(self, attempt: int, *, used_up: bool) -> bool:
        """Tell whether the run is to be paused after this failed attempt (from 1)."""
        return (self.pause and used_up) or 0 < self.after <= attempt


def exhaustion_of(options: Mapping[str, Any], default: Exhaustion | None = None) -> Exhaustion | None:
    """Return what options say, or the default when they say nothing.

    Raises:
        Error: kind Invalid, naming the option, what was got and what is expected.
    """
    if not any(options.get(name) is not None for name in _NAMES):
        return default
    word, after = options.get("on_exhausted") or FAIL, options.get("pause_after") or 0
    if word not in {FAIL, PAUSE}:
        raise invalid(f"option on_exhausted: got {word!r}, expected 'fail' or 'pause'")
    if isinstance(after, float) and after.is_integer():
        after = int(after)
    if not isinstance(after, int) or isinstance(after, bool) or after < 0:
        raise invalid(f"option pause_after: got {after!r}, expected a number of attempts, 1 or more")
    return Exhaustion(word == PAUSE, after, _resume_after(options))


def _resume_after(options: Mapping[str, Any]) -> int:
    value = options.get("auto_resume_after") or 0
    try:
        wait = to_nanoseconds(value, MILLISECOND)
    except Error as error:
        raise invalid(f"option auto_resume_after: {error.message}") from None
    if wait < 0:
        raise invalid(f"option auto_resume_after: got {value!r}, expected a duration that is not negative")
    return wait


def exhaustion_of_entry(config: Any) -> Exhaustion | None:
    """Return what an entry of a workflow says; its durations are nanoseconds already."""
    fields = config if isinstance(config, Mapping) else {name: getattr(config, name, None) for name in _NAMES}
    resume_after = fields.get("auto_resume_after") or 0
    plain = {name: fields.get(name) for name in _NAMES[:2]}
    found = exhaustion_of(plain)
    return found and found._replace(resume_after=resume_after)
