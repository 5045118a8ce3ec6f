"""`workflow.version`: which of several versions of a piece of code a run goes through, decided once and recorded.

A run that reaches the call live takes the newest version. A replay whose journal has no mark there was recorded before
the call was in the script: it takes the oldest one, without a record. Either way the first answer stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from actorflow.codec import decode, encode
from actorflow.errors import invalid
from actorflow.ports import Answer
from actorflow.run import event as events

if TYPE_CHECKING:
    from hosts.workflow.driver import JournalDriver

DEFAULT_VERSION: Final = -1
"""The version of a run whose history was recorded before the call existed, unless the least supported one is higher."""


def check_version(args: tuple[Any, ...]) -> tuple[str, int, int]:
    """Return the change id and the bounds of a call of `workflow.version`.

    Raises:
        Error: kind Invalid, for an empty id, for bounds that are no integers or the wrong way round.
    """
    change, least, most = (*args, None, None, None)[:3]
    if not isinstance(change, str) or not change:
        raise invalid(f"workflow.version: got {change!r:.80} as the id of a change, expected a non-empty text")
    if not isinstance(least, int) or not isinstance(most, int) or isinstance(least, bool) or isinstance(most, bool):
        raise invalid(f"workflow.version({change!r}): got {least!r:.40} and {most!r:.40}, expected two integers")
    if least > most:
        raise invalid(f"workflow.version({change!r}): got min {least} and max {most}, expected min <= max")
    return change, least, most


def version(driver: JournalDriver, ref: int, args: tuple[Any, ...]) -> Answer:
    """Answer which version of a change this run goes through.

    Raises:
        Error: kind Invalid, when the arguments are, or when the run goes through a version out of these bounds.
        Divergence: when a replay comes to a mark out of these bounds.
    """
    if driver.live is not None:
        driver.live.take_back(ref)  # a call that is put into a script must not renumber what follows
    change, least, most = check_version(args)
    if driver.versions is None:
        driver.versions = {}
    known = driver.versions.get(change)
    if known is None:
        known = driver.versions[change] = _decided(driver, change, least, most)
    if not least <= known <= most:
        asked = f"workflow.version({change!r}, {least}, {most})"
        raise invalid(f"{asked}: this run goes through version {known}, which this code no longer supports")
    return known


def _decided(driver: JournalDriver, change: str, least: int, most: int) -> int:
    recorded = driver.next_recorded()
    if recorded is not None and recorded.kind == events.VERSION_MARKED and recorded.target == change:
        known: int = decode(recorded.payload)
        if not least <= known <= most:
            driver.diverge(events.VERSION_MARKED, 0, change, encode([least, most]))
    elif driver.repeats:
        return max(DEFAULT_VERSION, least)
    else:
        known = most
    driver.mark(events.VERSION_MARKED, 0, change, known)
    return known
