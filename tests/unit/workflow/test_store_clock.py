"""The time of a database, as a node sees it."""

from __future__ import annotations

from actorflow.duration import SECOND
from hosts.workflow.store_clock import TOLERATED, StoreClock


class Wall:
    at = 1_000 * SECOND

    def now(self) -> int:
        return self.at

    def monotonic(self) -> int:
        return self.at


def test_a_clock_in_step_is_left_alone() -> None:
    wall = Wall()
    clock = StoreClock(wall)
    for said in (-TOLERATED, 0, TOLERATED):
        assert not clock.follow(wall.at, wall.at, wall.at + said)
    assert (clock.now(), clock.offset, clock.monotonic()) == (wall.at, 0, wall.at)


def test_a_clock_out_of_step_gets_the_time_of_the_database() -> None:
    wall = Wall()
    clock = StoreClock(wall)
    assert clock.follow(wall.at - 10, wall.at + 10, wall.at - 3600 * SECOND)
    assert clock.now() == wall.at - 3600 * SECOND
    assert not clock.follow(wall.at, wall.at, wall.at - 3600 * SECOND + TOLERATED), "it does not tremble"
    assert clock.now() == wall.at - 3600 * SECOND
    assert clock.follow(wall.at, wall.at, wall.at), "it has been set right"
    assert (clock.now(), clock.offset) == (wall.at, 0)


def test_an_answer_that_took_long_says_nothing() -> None:
    wall = Wall()
    clock = StoreClock(wall)
    assert not clock.follow(wall.at, wall.at + TOLERATED + 1, wall.at + 60 * SECOND)
    assert not clock.follow(wall.at, wall.at - 1, wall.at + 60 * SECOND), "the own clock was set meanwhile"
    assert clock.now() == wall.at
