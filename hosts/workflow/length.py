"""The length of a run's history: when it is noticed, when it stops the run, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hosts.workflow.live import LiveRun

WARN_SHARE: Final = 5
"""A history is noticed at a fifth of the bytes at which it stops the run."""
_ADVICE: Final = "have it go on as a new run with `process.upgrade`, which begins a history of its own"


def is_long(live: LiveRun) -> bool:
    """Tell whether a history is worth a notice; asked after every turn."""
    limits = live.limits
    return live.seq >= limits.history_warn or live.size * WARN_SHARE >= limits.history_bytes


def too_long(live: LiveRun) -> str | None:
    """Return why a run is paused over its history, None when it is not."""
    limits = live.limits
    if live.seq >= limits.history_pause:
        return f"history limit: {live.seq} events, the limit is {limits.history_pause}: {_ADVICE}, or raise the limit"
    if live.size >= limits.history_bytes:
        return f"history limit: {live.size} bytes, the limit is {limits.history_bytes}: {_ADVICE}, or raise the limit"
    return None


def long_history(live: LiveRun) -> str:
    """Return the notice of a long history."""
    limits = live.limits
    pause = f"{limits.history_pause} events or {limits.history_bytes} bytes"
    return f"{live.seq} events and {live.size} bytes in its history; it is paused at {pause}: {_ADVICE}"
