"""Which slots of a schedule are to be started now. Pure; instants are Unix nanoseconds.

A slot is an instant that a schedule names. It is late when it is further in the past than the grace, because nothing
ran at the time; what happens to late slots is the catch-up policy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import Final, NamedTuple, TypeAlias

from actorflow.duration import MINUTE, SECOND

NONE: Final = "none"
ONCE: Final = "once"
ALL: Final = "all"

SKIP: Final = "skip"
QUEUE: Final = "queue"
ALLOW: Final = "allow"
CANCEL_PREVIOUS: Final = "cancel_previous"

GRACE: Final = 10 * SECOND
"""A slot that is started this much later is still on time."""
BATCH: Final = 1_000
"""At most so many slots are dealt with at once; the others follow at once after them."""

After: TypeAlias = Callable[[int], int | None]
"""The first slot after an instant, None when there is none."""


class Due(NamedTuple):
    """What to do now: start `slots` in this order. Every slot up to `until` is dealt with then."""

    slots: list[int]
    until: int


class Slots(NamedTuple):
    """The slots of one schedule.

    Attributes:
        after: what they are.
        jitter: each is started up to this much later, always the same for the same slot.
        key: what the jitter depends on beside the slot.
    """

    after: After
    jitter: int = 0
    key: str = ""

    def due(self, last: int, now: int, catch_up: str) -> Due:
        """Return what is due at `now`, when every slot up to `last` has been dealt with.

        `catch_up` says what happens to late slots: `none` leaves them out, `once` starts the last of them, `all`
        starts every one.
        """
        if catch_up == ALL:
            slots = _some(self._ripe(last, now))
            return Due(slots, slots[-1] if slots else last)
        late = now - GRACE - self.jitter
        begin = max(last, late)
        slots = _some(self._ripe(begin, now))
        if catch_up == ONCE and (missed := _newest(self.after, last, late)) is not None:
            slots.insert(0, missed)
        return Due(slots, max(slots[-1] if slots else last, begin))

    def next_start(self, last: int) -> int | None:
        """Return when the first slot after `last` is to be started, None when there is none."""
        slot = self.after(last)
        return None if slot is None else slot + self.delay(slot)

    def delay(self, slot: int) -> int:
        """Return how much later than its instant a slot is started: less than the jitter, drawn from key and slot."""
        if not self.jitter:
            return 0
        drawn = blake2b(f"{self.key}/{slot}".encode(), digest_size=8).digest()
        return int.from_bytes(drawn, "big") % self.jitter

    def _ripe(self, last: int, now: int) -> Iterator[int]:
        """Iterate the slots after `last` whose start has come; one whose start has not holds back those behind it."""
        while (slot := self.after(last)) is not None and slot + self.delay(slot) <= now:
            yield slot
            last = slot


def _some(slots: Iterator[int]) -> list[int]:
    return [slot for slot, _ in zip(slots, range(BATCH), strict=False)]


def _newest(after: After, last: int, until: int) -> int | None:
    """Return the last slot in (last, until], looked for in windows that grow backwards: none is walked whole."""
    window = MINUTE
    while until > last:
        begin = max(last, until - window)
        slot = after(begin)
        if slot is not None and slot <= until:
            while (following := after(slot)) is not None and following <= until:
                slot = following
            return slot
        if begin == last:
            return None
        window *= 2
    return None
