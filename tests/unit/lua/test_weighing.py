"""A process that is charged too much is weighed in pieces: its turns end, its tasks wait and lose nothing."""

from __future__ import annotations

from typing import Any

from actorflow.errors import CANCELED, RESOURCE, Failure
from actorflow.language.lua import LuaLanguage
from actorflow.machine.machine import Machine
from actorflow.ports import Outcome
from tests.unit.lua.world import World, bundle_of

LITTLE = {"limits": {"memory": {"kill": 8 << 20}, "slice": {"kill": 3_000_000_000}}}
TURN = 32
HOLDER = """
return function(count, item)
  local all, seen = {}, {}
  for i = 1, count do
    all[i] = item and {item} or "item " .. i -- short texts are charged, and have no weight
    if i % 2000 == 0 then channel.new() end -- an op
  end
  coroutine.spawn(function() seen[#seen + 1] = "spawned " .. funcs.call("app:b") end)
  seen[#seen + 1] = "main " .. funcs.call("app:a")
  time.sleep("1s")
  return seen
end
"""


def started(*args: int) -> tuple[World, Machine, list[bool]]:
    """Run a process that holds so many items until it waits; each of its turns counts."""
    world = World()
    world.answers.update({"app:a": 1, "app:b": 2})
    program = LuaLanguage().compile(bundle_of(HOLDER, modules=("funcs", "time"), options=LITTLE))
    machine = Machine(world, program)
    machine.start(args)
    turns: list[bool] = []
    while machine.outcome is None:
        turns.append(machine.run(TURN))
        if not turns[-1]:
            break
    return world, machine, turns


def ended(world: World, machine: Machine) -> Any:
    (timer,) = [ref for ref, delay in world.timers if delay == 1_000_000_000]
    machine.fire(timer)
    while machine.outcome is None:
        machine.run(TURN)
    return machine.outcome.unwrap()


def test_its_turns_end_while_it_is_weighed_and_nothing_is_lost() -> None:
    world, machine, turns = started(200_000)
    assert len(turns) > 20, "it was weighed in one go"
    assert ended(world, machine) == ["spawned 2", "main 1"]


def test_who_is_charged_little_is_not_weighed() -> None:
    world, machine, turns = started(20_000)
    assert len(turns) == 1
    assert ended(world, machine) == ["spawned 2", "main 1"]


def test_who_holds_too_much_ends_when_that_is_known() -> None:
    _, machine, turns = started(200_000, 1)
    assert len(turns) > 20
    assert machine.outcome is not None
    assert machine.outcome.failure is not None
    assert machine.outcome.failure.kind == RESOURCE
    assert "limits.memory.kill allows (8 MiB)" in machine.outcome.failure.message


def test_who_is_ended_while_it_is_weighed_leaves_the_scales_to_others() -> None:
    language = LuaLanguage()
    program = language.compile(bundle_of(HOLDER, modules=("funcs", "time"), options=LITTLE))
    world = World()
    world.answers.update({"app:a": 1, "app:b": 2})
    first, second = Machine(World(), program), Machine(world, program)
    first.start((200_000,))
    assert [first.run(TURN) for _ in range(20)] == [True] * 20
    second.start((400_000,))
    for _ in range(200):
        assert second.run(TURN)
    first.end(Outcome(failure=Failure("stopped", CANCELED)))
    while second.run(TURN):
        pass
    assert ended(world, second) == ["spawned 2", "main 1"]
