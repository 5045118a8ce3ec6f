"""The time of a database, as a node sees it."""

from __future__ import annotations

from actorflow.duration import SECOND
from hosts.workflow.store_clock import TOLERATED, StoreClock

HOUR = 3600 * SECOND


class Machine:
    """A wall clock that can be set, and one that counts."""

    wall = 1_000 * HOUR
    counted = 7 * SECOND

    def now(self) -> int:
        return self.wall

    def monotonic(self) -> int:
        return self.counted

    def passes(self, nanoseconds: int) -> None:
        self.wall += nanoseconds
        self.counted += nanoseconds


def test_a_clock_in_step_is_left_alone() -> None:
    machine = Machine()
    clock = StoreClock(machine)
    for said in (-TOLERATED, 0, TOLERATED):
        assert not clock.follow(machine.counted, machine.counted, machine.wall + said)
    machine.passes(SECOND)
    assert (clock.now(), clock.offset, clock.monotonic()) == (machine.wall, 0, machine.counted)


def test_a_clock_out_of_step_gets_the_time_of_the_database() -> None:
    machine = Machine()
    clock = StoreClock(machine)
    assert clock.follow(machine.counted - 10, machine.counted + 10, machine.wall - HOUR)
    assert (clock.now(), clock.offset) == (machine.wall - HOUR, -HOUR)
    assert not clock.follow(machine.counted, machine.counted, machine.wall - HOUR + TOLERATED), "it does not tremble"
    assert clock.now() == machine.wall - HOUR
    assert clock.follow(machine.counted, machine.counted, machine.wall), "that of the database has been set right"
    assert (clock.now(), clock.offset) == (machine.wall, 0)


def test_a_wall_clock_that_is_set_moves_nothing() -> None:
    machine = Machine()
    clock = StoreClock(machine)
    begun = clock.now()
    for jump in (HOUR, -HOUR, 24 * HOUR, -37 * SECOND):
        machine.wall += jump
        assert clock.now() == begun, "not even until the database is asked again"
        assert not clock.follow(machine.counted, machine.counted, begun)
    machine.passes(SECOND)
    assert clock.now() == begun + SECOND


def test_an_answer_that_took_long_says_little_and_what_contradicts_it_is_wrong() -> None:
    machine = Machine()
    clock = StoreClock(machine)
    long, at = 4 * SECOND, machine.counted
    assert clock.follow(at, at + long, machine.wall - HOUR), "an hour is no matter of four seconds"
    assert clock.now() == machine.wall - HOUR - long // 2
    assert not clock.is_sure
    assert not clock.follow(at, at + long, machine.wall - HOUR + SECOND), "as good as the one before"
    assert clock.follow(at, at, machine.wall - HOUR)
    assert (clock.is_sure, clock.now()) == (True, machine.wall - HOUR)
    assert not clock.follow(at, at + 10 * SECOND, machine.wall - HOUR), "it may have been said at once"
    assert (clock.is_sure, clock.now()) == (True, machine.wall - HOUR)


def test_a_clock_is_sure_once_an_answer_came_soon() -> None:
    machine = Machine()
    clock = StoreClock(machine)
    assert not clock.is_sure
    assert not clock.follow(machine.counted, machine.counted + TOLERATED + 2, machine.wall)
    assert not clock.is_sure
    assert not clock.follow(machine.counted, machine.counted + TOLERATED, machine.wall)
    assert (clock.is_sure, clock.now()) == (True, machine.wall)
