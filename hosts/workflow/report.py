"""What a person reads when a run is paused because its script and its journal differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actorflow.codec import decode
from actorflow.run.event import OFFLOADED
from actorflow.run.verdict import NONDETERMINISM, ways_out

if TYPE_CHECKING:
    from actorflow.run.event import JournalEvent
    from hosts.workflow.driver import Divergence, Record

_WIDTH = 44


def divergence_report(divergence: Divergence, place: str, run: str = "") -> str:
    """Return the two-column report: what the journal has, what the script asked, where, and the ways out of `run`."""
    recorded, asked = divergence.recorded, divergence.asked
    at = f" at event {recorded.seq}" if recorded is not None else ""
    lines = [
        f"{NONDETERMINISM}{at}: the script did not repeat what its journal recorded",
        f"  {'the journal has':<{_WIDTH}} the script asked",
    ]
    for label, left, right in zip(("kind", "target", "payload"), _column(recorded), _column(asked), strict=True):
        mark = " " if left == right else "≠"
        lines.append(f"{mark} {label + ': ' + left:<{_WIDTH}} {label}: {right}")
    if place:
        lines.append(f"  the script stands at {place}")
    lines.append(ways_out(run, recorded.seq if recorded is not None else 0, divergence.began))
    return "\n".join(lines)


def _column(side: JournalEvent | Record | None) -> tuple[str, str, str]:
    if side is None:
        return ("nothing more", "-", "-")
    return (side.kind, side.target or "-", _short(side.payload))


def _short(payload: bytes) -> str:
    if not payload:
        return "-"
    if payload.startswith(OFFLOADED):
        return "<a large value, kept apart>"
    value: Any = decode(payload)
    text = repr(value)
    return text if len(text) <= _WIDTH - 10 else text[: _WIDTH - 11] + "…"
