"""Monitors, links and names of real processes against a small model of the rules, whatever is done in which order."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from actorflow.errors import Error
from actorflow.machine.op import Op
from actorflow.message import EXIT, LINK_DOWN
from actorflow.ports import SpawnRequest
from tests.conformance.process.rig import HOST, Rig, rig

FAILED: Final = "failed on purpose"
LINKED: Final = "linked process failed"
NAMES: Final = ("one", "two")


class Step(NamedTuple):
    """Something that the process number `who` does, to the process number `whom` or about a name."""

    verb: str
    who: int
    whom: int
    name: str


class Heard(NamedTuple):
    """An event: its kind, whom it is about, and the error of its result."""

    kind: str
    about: int
    error: str | None


class Society:
    """The model: who lives, who watches whom, who has which name, and what everybody has heard."""

    def __init__(self) -> None:
        self.alive: list[int] = []
        self.trapping: set[int] = set()
        self.monitors: dict[int, list[int]] = {}
        self.links: list[frozenset[int]] = []
        self.names: dict[str, int] = {}
        self.heard: dict[int, list[Heard]] = {}

    def born(self, child: int) -> None:
        self.alive.append(child)
        self.heard[child] = []

    def monitor(self, who: int, whom: int) -> str:
        if whom not in self.alive:
            return "pid not registered"
        watchers = self.monitors.setdefault(whom, [])
        if who in watchers:
            return "already monitoring pid"
        watchers.append(who)
        return ""

    def unmonitor(self, who: int, whom: int) -> str:
        if who in self.monitors.get(whom, ()):
            self.monitors[whom].remove(who)
        return ""

    def link(self, who: int, whom: int) -> str:
        if whom not in self.alive:
            return "pid not registered"
        pair = frozenset({who, whom})
        if pair not in self.links:
            self.links.append(pair)
        return ""

    def unlink(self, who: int, whom: int) -> str:
        self.links = [pair for pair in self.links if pair != {who, whom}]
        return ""

    def register(self, name: str, whom: int) -> str:
        if whom not in self.alive:
            return "process not found"
        return "" if self.names.setdefault(name, whom) == whom else "name already registered"

    def ends(self, who: int, error: str | None) -> None:
        ending = [(who, error)]
        for one, why in ending:
            if one not in self.alive:
                continue
            self.alive.remove(one)
            self.names = {name: holder for name, holder in self.names.items() if holder != one}
            for watcher in self.monitors.pop(one, ()):
                if watcher in self.alive:
                    self.heard[watcher].append(Heard(EXIT, one, why))
            for watchers in self.monitors.values():
                if one in watchers:
                    watchers.remove(one)
            peers = [next(iter(pair - {one})) for pair in self.links if one in pair and len(pair) > 1]
            self.links = [pair for pair in self.links if one not in pair]
            for peer in peers if why is not None else ():
                if peer in self.trapping:
                    self.heard[peer].append(Heard(LINK_DOWN, one, why))
                else:
                    ending.append((peer, LINKED))


class World:
    """Real processes: each does what it is told and notes what it hears."""

    def __init__(self, node: Rig) -> None:
        self.node = node
        self.pids: list[str] = []
        self.heard: dict[int, list[Heard]] = {}
        self.answer: str | None = ""
        node.add("app:member", self.member)

    def member(self, number: int) -> Any:
        told = yield (Op.LISTEN, "do", False)
        events = yield (Op.EVENTS,)
        while True:
            index, item, _ = yield (Op.SELECT, [(events, False, None), (told, False, None)], False)
            if index == 0:
                error = item["result"]["error"]
                self.heard[number].append(Heard(item["kind"], self.pids.index(item["from"]), error and error.message))
            elif item == "return":
                return
            elif item == "fail":
                raise Error(FAILED)
            else:
                yield from self.does(item)

    def does(self, op: list[Any]) -> Any:
        try:
            if op[0] == "spawn":
                flags = {"monitor": op[2], "link": op[3]}
                request = SpawnRequest("app:member", HOST, (op[1],), **flags)
                self.born((yield (Op.SPAWN, request)), op[1])
            else:
                yield (getattr(Op, op[0]), *op[1:])
            self.answer = ""
        except Error as error:
            self.answer = error.message

    def born(self, pid: str, number: int) -> None:
        assert number == len(self.pids)
        self.pids.append(pid)
        self.heard.setdefault(number, [])

    async def tell(self, who: int, what: Any) -> str:
        self.answer = ""
        await self.node.node.send(self.pids[who], "do", what)
        await trio.testing.wait_all_tasks_blocked()
        return self.answer or ""

    def alive(self) -> list[int]:
        living = {info.pid for info in self.node.node.processes()}
        return [number for number, pid in enumerate(self.pids) if pid in living]


async def play(steps: list[Step]) -> None:
    async with rig() as node:
        world, society = World(node), Society()
        for step in steps:
            while len(society.alive) < 3:
                await from_outside(world, society)
            await act(world, society, step)
            assert world.alive() == sorted(society.alive), step
            for number in society.alive:
                assert sorted(world.heard[number]) == sorted(society.heard[number]), (step, number)
                assert_exit_first(world.heard[number])
            for name in NAMES:
                holder = node.node.directory.find(name)
                assert (holder and world.pids.index(holder)) == society.names.get(name), (step, name)


async def from_outside(world: World, society: Society) -> None:
    number = len(world.pids)
    world.born(await world.node.node.spawn("app:member", host=HOST, args=(number,)), number)
    society.born(number)


def assert_exit_first(heard: list[Heard]) -> None:
    for place, event in enumerate(heard):
        if event.kind == EXIT:
            assert Heard(LINK_DOWN, event.about, event.error) not in heard[:place]


async def act(world: World, society: Society, step: Step) -> None:
    """Do a step in both worlds and see that both answer the same."""
    who = society.alive[step.who % len(society.alive)]
    whom = step.whom % len(world.pids) if step.whom > 3 else society.alive[step.whom % len(society.alive)]
    expected = ""
    if step.verb in {"return", "fail"}:
        society.ends(who, FAILED if step.verb == "fail" else None)
        await world.tell(who, step.verb)
        return
    if step.verb == "terminate":
        society.ends(who, "process terminated")
        await world.node.node.terminate(world.pids[who])
        await trio.testing.wait_all_tasks_blocked()
        return
    if step.verb.startswith("spawn"):
        child, monitor, link = len(world.pids), "monitored" in step.verb, "linked" in step.verb
        society.born(child)
        if monitor:
            society.monitor(who, child)
        if link:
            society.link(who, child)
        op: list[Any] = ["spawn", child, monitor, link]
    elif step.verb == "trap":
        society.trapping.add(who)
        op = ["SET_OPTION", "trap_links", True]
    elif step.verb == "register":
        expected = society.register(step.name, whom)
        op = ["NAME", "register", step.name, world.pids[whom]]
    elif step.verb == "unregister":
        society.names.pop(step.name, None)
        op = ["NAME", "unregister", step.name, ""]
    else:
        expected = getattr(society, step.verb)(who, whom)
        op = ["CONTROL", step.verb, world.pids[whom], None]
    answer = await world.tell(who, op)
    assert answer.startswith(expected) if expected else not answer, (step, answer, expected)


VERBS: Final = (
    *("spawn", "spawn_monitored", "spawn_linked", "spawn_linked_monitored"),
    *("monitor", "unmonitor", "link", "unlink", "trap", "register", "unregister", "return", "fail", "terminate"),
)
STEPS: Final = st.lists(
    st.builds(Step, st.sampled_from(VERBS), st.integers(0, 3), st.integers(0, 5), st.sampled_from(NAMES)),
    min_size=20,
    max_size=60,
)


@given(STEPS)
@settings(max_examples=60, deadline=None)
def test_watching_and_names_follow_the_rules(steps: list[Step]) -> None:
    trio.run(play, steps)
