"""The table of a service's states is complete and is what `moved` obeys."""

from __future__ import annotations

from itertools import product

import pytest

from actorflow.errors import Error
from actorflow.supervision.spec import ServiceSpec
from actorflow.supervision.state import TRANSITIONS, Service, State


def test_every_state_can_be_left_and_reached() -> None:
    assert set(TRANSITIONS) == set(State)
    reached = {target for targets in TRANSITIONS.values() for target in targets}
    assert reached == set(State) - {State.UNKNOWN}
    assert all(TRANSITIONS.values())


@pytest.mark.parametrize(("source", "target"), list(product(State, State)))
def test_moves_obey_the_table(source: State, target: State) -> None:
    service = Service(ServiceSpec("app:s"), source, deadline=5)
    if target in TRANSITIONS[source]:
        moved = service.moved(target, 9)
        assert (moved.state, moved.since, moved.deadline) == (target, 9, None)
    else:
        with pytest.raises(Error, match=rf"from {source} to {target}"):
            service.moved(target, 9)
