"""What a start, stop or restart by hand comes to."""

from __future__ import annotations

from actorflow.supervision.move import Move, plan_move
from actorflow.supervision.order import start_levels
from actorflow.supervision.spec import ServiceSpec
from actorflow.supervision.state import Service, State

NEEDS = {"a": (), "b": ("a",), "c": ("b",), "d": ("a",)}
SPECS = tuple(ServiceSpec(name, requires=needs) for name, needs in NEEDS.items())
PLAN = start_levels(SPECS, {spec.id: () for spec in SPECS})


def moved(target: str, what: str, **services: Service) -> Move:
    """Return the move, with services that run where nothing else is given."""
    given = {spec.id: services.get(spec.id, Service(spec, State.RUNNING, run=1)) for spec in SPECS}
    return plan_move(given, PLAN, target, stop=what != "start", start=what != "stop")


def idle(name: str, state: State, *, held: bool = False) -> Service:
    return Service(next(spec for spec in SPECS if spec.id == name), state, run=1, held=held)


def test_a_stop_holds_all_that_need_it_whether_they_run_or_not() -> None:
    move = moved("b", "stop", c=idle("c", State.EXITED))
    assert (move.stopping, move.starting) == (("b",), ())
    assert (move.held, move.released) == ({"b", "c"}, frozenset())


def test_a_start_leaves_what_has_done_its_work() -> None:
    move = moved("b", "start", a=idle("a", State.EXITED), b=idle("b", State.EXITED))
    assert (move.stopping, move.starting, move.held) == ((), ("b",), frozenset())


def test_a_restart_leaves_those_that_were_stopped_by_hand_before() -> None:
    move = moved("a", "restart", d=idle("d", State.STOPPED, held=True), c=idle("c", State.EXITED))
    assert (move.stopping, move.starting) == (("b", "a"), ("a", "b"))
    assert (move.held, move.released) == ({"a", "b", "c", "d"}, {"a", "b", "c"})
