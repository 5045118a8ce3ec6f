"""Who is dead, and who only could not be seen."""

from __future__ import annotations

from actorflow.store.owning import NodeRow
from actorflow.store.sighting import DEAD, Sightings


def rows(**counters: int) -> list[NodeRow]:
    return [NodeRow(node, counter, "") for node, counter in counters.items()]


def looked(times: list[float], counters: list[int]) -> Sightings:
    """Return what has been seen by one that looked at these times, when another's counter was this."""
    sightings = Sightings()
    for own, (now, counter) in enumerate(zip(times, counters, strict=True)):
        sightings.see(rows(me=own, other=counter), now)
    return sightings


def test_who_stands_still_for_long_enough_is_dead() -> None:
    seconds = [100.0 + second for second in range(int(DEAD) + 1)]
    assert looked(seconds[:-1], [7] * int(DEAD)).dead("me") == []
    assert looked(seconds, [7] * len(seconds)).dead("me") == [("other", 7)]
    assert looked(seconds, [*range(len(seconds) - 1), len(seconds)]).dead("me") == []


def test_who_beats_once_begins_anew() -> None:
    times = [float(second) for second in range(12)]
    assert looked(times, [1] * 6 + [2] * 6).dead("me") == []
    assert looked([*times, 12.0, 13.0], [1] * 6 + [2] * 8).dead("me") == [("other", 2)]


def test_time_that_nobody_has_watched_counts_for_nothing() -> None:
    assert looked([0.0, 1000.0], [7, 7]).dead("me") == [], "the observer or the database has paused"
    assert looked([0.0, 100.0, 200.0, 300.0], [7] * 4).dead("me") == [("other", 7)]


def test_nobody_buries_itself_or_one_that_has_gone() -> None:
    sightings = looked([float(second) for second in range(9)], [7] * 9)
    assert sightings.dead("other") == []
    sightings.see(rows(me=10), 10.0)
    assert sightings.dead("me") == []
