"""A runtime that has failed outside a script gets no more processes; those in it go on."""

from __future__ import annotations

from typing import Any

import pytest

from actorflow.errors import RESOURCE
from actorflow.language.lua import LuaLanguage
from actorflow.language.lua.program import LuaProgram
from actorflow.machine.machine import Machine
from tests.unit.lua.world import World, bundle_of

SOURCE = "local runs = 0 return function() runs = runs + 1 time.sleep('1s') return runs end"


@pytest.fixture
def program() -> LuaProgram:
    return LuaLanguage().compile(bundle_of(SOURCE))


def begun(program: Any) -> World:
    world = World()
    world.machine = Machine(world, program)
    world.machine.start(())
    world.machine.run(-1)
    return world


def poison(program: LuaProgram, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: Any) -> Any:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(program.runtime, "begin", fail)
        outcome = begun(program).machine.outcome
    assert outcome is not None
    assert outcome.failure is not None
    assert outcome.failure.kind == RESOURCE


def test_it_is_evicted_and_its_neighbours_live(program: LuaProgram, monkeypatch: pytest.MonkeyPatch) -> None:
    neighbour = begun(program)
    poison(program, monkeypatch)
    later = [begun(program), begun(program)]
    assert len(program.runtime.running) == 1
    for world in (neighbour, *later):
        world.fire()
        assert world.machine.outcome is not None
        assert world.machine.outcome.unwrap() == 1


def test_workers_move_on_with_nothing_kept(program: LuaProgram, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = program.worker()
    results = []
    for run in range(5):
        if run == 2:
            poison(program, monkeypatch)
        world = begun(worker)
        world.fire()
        assert world.machine.outcome is not None
        results.append(world.machine.outcome.unwrap())
    assert results == [1, 2, 1, 2, 3]
    worker.dismiss()
