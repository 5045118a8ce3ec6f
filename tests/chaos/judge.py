"""What came of it, seen from outside: the store, and the files that effects have left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy import URL

from actorflow.codec import decode
from actorflow.run.state import CANCELLED, TERMINAL
from actorflow.store.examine import examine
from actorflow.store.port import RunFilter
from actorflow.store.server import ServerStore
from actorflow.testing.invariant import Ledger, violations
from tests.chaos.asked import Asked, Expected
from tests.databases import database

LAWS: Final = ("lost", "duplicated", "stuck", "early", "overlapping", "apart", "faults")
"""What has to be empty."""
MOST: Final = 2**62
EVERY: Final = 2.0
"""Seconds between two slots of the schedule of `registry/`."""
_APART: Final = 1.0
"""Seconds by which times may differ: clocks follow that of the database to a quarter, and to half of what an answer takes."""
_LOST: Final = "S1"
_STUCK: Final = ("L1", "L4")


class Effect(NamedTuple):
    """One invocation that has done something: what, and when it did so first (by the true clock, in seconds)."""

    name: str
    at: float


@dataclass(frozen=True)
class Row:
    """A run as it has ended."""

    state: str
    result: Any


def store_of(url: URL) -> ServerStore:
    """Return the store, as one more node would have it."""
    from actorflow.store.crash import CrashPoint  # noqa: PLC0415 - beside what uses it

    return ServerStore(database(url), CrashPoint())


def effects_in(folder: Path) -> list[Effect]:
    """Return what was done."""
    texts = [file.read_text().split("\n") for file in sorted(folder.iterdir()) if not file.name.startswith(".")]
    return [Effect(name, int(at) / 1e9) for name, at in texts]


def judged(url: URL, asked: Asked, folder: Path) -> dict[str, Any]:
    """Return the counts, and every fault with what it is about."""
    with closing(store_of(url)) as store:
        rows = store.runs(RunFilter(), MOST)
        ledger = Ledger(starts=asked.runs, ended=asked.runs, signals=asked.signals)
        broken = [str(violation) for violation in violations(store, ledger)]
        broken += [fault.what for fault in examine(store.dialect)]
    found = {row.workflow_id: Row(row.state, decode(row.result or b"\xf6")) for row in rows}
    effects = effects_in(folder)
    lost = [text for text in broken if text.startswith(_LOST)]
    stuck = [f"{name} is {row.state}" for name, row in found.items() if row.state not in TERMINAL]
    return {
        "runs": len(rows),
        "asked": len(asked.runs),
        "signals": len(asked.signals),
        "cancels": len(asked.cancelled),
        "effects": len(effects),
        "lost": [*lost, *without_effect(asked.runs, effects), *without_result(asked, found)],
        "duplicated": twice(effects),
        "stuck": [*(text for text in broken if text.startswith(_STUCK)), *stuck],
        "early": [*early(asked.runs, effects), *slots(effects)],
        "overlapping": overlapping(asked.runs, effects),
        "faults": [text for text in broken if not text.startswith((_LOST, *_STUCK))],
    }


def without_result(asked: Asked, found: dict[str, Row]) -> list[str]:
    """Return the runs that have ended otherwise than they have to."""
    missing = []
    for name, expected in asked.runs.items():
        row = found.get(name)
        if row is None or row.state not in TERMINAL:
            continue  # another law says so
        result = expected.result if row.state == CANCELLED else row.result
        if (row.state, result) != (expected.state, expected.result):
            missing.append(f"{name}: got {row}, expected {expected.state} {expected.result}")
    return missing


def without_effect(runs: dict[str, Expected], effects: list[Effect]) -> list[str]:
    """Return what was acknowledged and not done."""
    done = {effect.name for effect in effects}
    wanted = [(name, effect) for name, expected in runs.items() for effect in expected.effects]
    pairs = [(name, pair) for name, expected in runs.items() for pair in expected.pairs]
    return [
        *(f"{name}: {effect!r} was not done" for name, effect in wanted if effect not in done),
        *(
            f"{name}: {first!r} was done, {then!r} was not"
            for name, (first, then) in pairs
            if first in done and then not in done
        ),
    ]


def twice(effects: list[Effect]) -> list[str]:
    """Return what several invocations have done: an attempt that is repeated has the id of the first."""
    counts: defaultdict[str, int] = defaultdict(int)
    for effect in effects:
        counts[effect.name] += 1
    return [f"{name!r} was done {count} times" for name, count in counts.items() if count > 1]


def early(runs: dict[str, Expected], effects: list[Effect]) -> list[str]:
    """Return the sleepers that woke early by the true clock, whatever those of their nodes said."""
    times = {effect.name: effect.at for effect in effects}
    naps = [nap for expected in runs.values() for nap in expected.naps if nap[0] in times and nap[1] in times]
    return [
        f"{end!r} came {times[end] - times[begin]:.3f} s after {begin!r}, not {seconds} s"
        for begin, end, seconds in naps
        if times[end] - times[begin] < seconds - _APART
    ]


def slots(effects: list[Effect]) -> list[str]:
    """Return the slots of the schedule that were begun early or not at all; those begun twice are duplicates."""
    begun = {_instant(effect.name): effect.at for effect in effects if effect.name.startswith("tick ")}
    found = [f"slot {slot} was begun {slot - at:.1f} s early" for slot, at in begun.items() if at < slot - _APART]
    missing = sorted(set(_between(begun)) - begun.keys())
    return [*found, *(f"slot {slot} was left out" for slot in missing)]


def _between(begun: dict[float, float]) -> Iterator[float]:
    slot, last = min(begun, default=0.0), max(begun, default=-1.0)
    while slot <= last:
        yield slot
        slot += EVERY


def _instant(name: str) -> float:
    return datetime.fromisoformat(name.removeprefix("tick ")).timestamp()


def overlapping(runs: dict[str, Expected], effects: list[Effect]) -> list[str]:
    """Return the runs that had a key at the same time."""
    times = {effect.name: effect.at for effect in effects}
    held: defaultdict[str, list[tuple[float, float, str]]] = defaultdict(list)
    for name, expected in runs.items():
        if expected.within is not None and all(effect in times for effect in expected.within[1:]):
            key, begin, end = expected.within
            held[key].append((times[begin], times[end], name))
    found = []
    for key, spans in held.items():
        spans.sort()
        both = (pair for pair in pairwise(spans) if pair[1][0] < pair[0][1])
        found += [f"{one[2]} and {other[2]} had {key} at once" for one, other in both]
    return found


def told(found: dict[str, Any], say: Callable[[str], object]) -> bool:
    """Say what is wrong; tells whether anything is."""
    for law in LAWS:
        for line in found.get(law, ()):
            say(f"chaos: {law}: {line}\n")
    return any(found.get(law) for law in LAWS)
