"""The supervisor of services, with a mock clock and services that do as they are told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
import trio.testing

from actorflow.cli import service as service_command
from actorflow.duration import SECOND
from actorflow.errors import NOT_FOUND, UNAVAILABLE, Error, Failure, invalid, not_found
from actorflow.node.control_verb import node_verbs
from actorflow.node.node import Node
from actorflow.node.runner import HostRunner, ProcessRunner
from actorflow.node.service import Services, Supervisor
from actorflow.ports import Outcome
from actorflow.supervision.order import start_levels
from actorflow.supervision.spec import OPTIONAL, RestartPolicy, ServiceSpec

pytestmark = pytest.mark.mock_clock
WITHIN = 1_000.0


class TrioClock:
    """The clock of the mocked loop."""

    def now(self) -> int:
        return int(trio.current_time() * 1e9)

    def monotonic(self) -> int:
        return int(trio.current_time() * 1e9)


class Empty:
    """A registry without entries."""

    def entry(self, entry_id: str) -> Any:
        raise not_found(f"unknown entry {entry_id}")

    def bundle(self, entry_id: str) -> Any:
        raise not_found(f"unknown entry {entry_id}")


class Fake:
    """A service that notes what it is asked, and ends when told."""

    def __init__(self, name: str, log: list[str], plan: list[Any] | None = None) -> None:
        self.name, self.log, self.plan = name, log, plan or []
        self.ended: Callable[[Failure | None], None] | None = None
        self.obeys = True
        self.amendable = False

    async def start(self, ended: Callable[[Failure | None], None]) -> None:
        self.log.append(f"start {self.name}")
        step = self.plan.pop(0) if self.plan else None
        if isinstance(step, Error):
            raise step
        await trio.sleep(step if isinstance(step, int | float) else 0)
        self.ended = ended

    async def stop(self, grace: float) -> None:
        self.log.append(f"stop {self.name} {grace:g}")
        if self.obeys and self.ended is not None:
            self.ended(None)

    async def kill(self) -> None:
        self.log.append(f"kill {self.name}")

    def amend(self, given: Fake) -> bool:  # noqa: ARG002 - it only tells
        self.log.append(f"amend {self.name}")
        return self.amendable


@asynccontextmanager
async def _supervised(
    *specs: ServiceSpec, references: Mapping[str, Any] | None = None, plans: Mapping[str, list[Any]] | None = None
) -> AsyncIterator[tuple[Supervisor, dict[str, Fake], list[str]]]:
    log: list[str] = []
    fakes = {spec.id: Fake(spec.id, log, (plans or {}).get(spec.id)) for spec in specs}
    ids = {spec.id: () for spec in specs}
    async with Node(Empty(), {}, clock=TrioClock()).open() as node:
        plan = start_levels(specs, {**ids, **(references or {})})
        yield Supervisor(node, Services(specs, plan, fakes)), fakes, log


def _spec(name: str, *requires: str, **more: Any) -> ServiceSpec:
    return ServiceSpec(name, **{"auto_start": True, "requires": requires, **more})


def _states(supervisor: Supervisor) -> dict[str, str]:
    return {line.id: line.state for line in supervisor.report()}


async def test_services_start_after_what_they_need_and_stop_before_it() -> None:
    async with _supervised(_spec("c", "b"), _spec("b", "a"), _spec("a")) as (supervisor, _, log):
        assert await supervisor.start(WITHIN) == []
        await supervisor.stop()
        assert log == ["start a", "start b", "start c", "stop c 10", "stop b 10", "stop a 10"]
        assert set(_states(supervisor).values()) == {"stopped"}


async def test_only_auto_start_services_and_what_they_need_start() -> None:
    needed, other = _spec("a", auto_start=False), _spec("x", auto_start=False)
    async with _supervised(_spec("b", "a"), needed, other) as (supervisor, _, log):
        await supervisor.start(WITHIN)
        assert log == ["start a", "start b"]
        assert _states(supervisor) == {"a": "running", "b": "running", "x": "unknown"}


async def test_independent_services_start_at_the_same_time() -> None:
    async with _supervised(_spec("a"), _spec("b"), plans={"a": [3], "b": [3]}) as (supervisor, _, _log):
        begin = trio.current_time()
        await supervisor.start(WITHIN)
        assert trio.current_time() - begin == pytest.approx(3)


async def test_a_failed_run_comes_back_with_growing_delays() -> None:
    spec = _spec("a", restart=RestartPolicy(jitter=1e-9))
    async with _supervised(spec) as (supervisor, fakes, log):
        await supervisor.start(WITHIN)
        for delay in (1, 2, 4):
            fakes["a"].ended(Failure("crashed"))
            assert _states(supervisor) == {"a": "failed"}
            log.clear()
            await trio.sleep(delay - 0.01)
            assert log == []
            await trio.sleep(0.02)
            assert log == ["start a"]


async def test_a_clean_end_and_a_refusal_are_final() -> None:
    async with _supervised(_spec("a"), _spec("b")) as (supervisor, fakes, log):
        await supervisor.start(WITHIN)
        fakes["a"].ended(None)
        fakes["b"].ended(Failure("no", retryable=False))
        await trio.sleep(200)
        assert _states(supervisor) == {"a": "exited", "b": "exited"}
        assert sorted(log) == ["start a", "start b"]


async def test_a_start_that_cannot_be_blocks_its_subtree_only() -> None:
    specs = (_spec("a"), _spec("b", "a"), _spec("c", "b"), _spec("d"))
    async with _supervised(*specs, plans={"a": [invalid("broken entry")]}) as (supervisor, _, log):
        assert await supervisor.start(WITHIN) == []
        assert sorted(log) == ["start a", "start d"]
        lines = {line.id: line for line in supervisor.report()}
        assert lines["a"].failure.message == "broken entry"
        assert "needs a" in lines["c"].failure.message
        assert lines["d"].state == "running"


async def test_what_is_missing_blocks_with_a_reason() -> None:
    async with _supervised(_spec("a", "gone"), _spec("b")) as (supervisor, _, log):
        assert await supervisor.start(WITHIN) == []
        assert log == ["start b"]
        assert "gone" in supervisor.report()[0].failure.message


async def test_a_start_is_repeated_until_its_attempts_are_used_up() -> None:
    spec = _spec("a", restart=RestartPolicy(max_attempts=3))
    async with _supervised(spec, plans={"a": [Error("busy")] * 9}) as (supervisor, _, log):
        assert await supervisor.start(WITHIN) == []
        assert log == ["start a"] * 3
        assert supervisor.report()[0].failure.message == "busy"


async def test_boot_does_not_wait_for_ever_and_dependents_follow_later() -> None:
    specs = (_spec("a"), _spec("b", "a"))
    async with _supervised(*specs, plans={"a": [Error("busy")] * 3}) as (supervisor, _, log):
        assert await supervisor.start(2) == ["a", "b"]
        assert "start b" not in log
        await trio.sleep(20)
        assert _states(supervisor) == {"a": "running", "b": "running"}


async def test_an_optional_service_holds_nobody_up() -> None:
    specs = (_spec("a", startup=OPTIONAL), _spec("b", "a"))
    async with _supervised(*specs, plans={"a": [Error("busy")] * 99}) as (supervisor, _, _log):
        assert await supervisor.start(WITHIN) == []
        assert _states(supervisor) == {"a": "failed", "b": "running"}


async def test_a_start_that_takes_too_long_is_given_up_and_repeated() -> None:
    spec = _spec("a", start_timeout=2 * SECOND, restart=RestartPolicy(max_attempts=2))
    async with _supervised(spec, plans={"a": [60, 60]}) as (supervisor, _, log):
        await supervisor.start(WITHIN)
        await trio.testing.wait_all_tasks_blocked()
        assert log == ["start a", "kill a", "start a", "kill a"]
        assert "start_timeout" in supervisor.report()[0].failure.message


async def test_who_does_not_stop_in_time_is_ended() -> None:
    async with _supervised(_spec("a", stop_timeout=4 * SECOND)) as (supervisor, fakes, log):
        await supervisor.start(WITHIN)
        fakes["a"].obeys = False
        begin = trio.current_time()
        await supervisor.stop()
        await trio.testing.wait_all_tasks_blocked()
        assert trio.current_time() - begin == pytest.approx(4)
        assert log == ["start a", "stop a 4", "kill a"]
        assert _states(supervisor) == {"a": "failed"}
        assert "stop_timeout" in supervisor.report()[0].failure.message


async def test_a_stop_during_the_start_waits_for_it() -> None:
    async with _supervised(_spec("a"), plans={"a": [3]}) as (supervisor, _, log):
        assert await supervisor.start(1) == ["a"]
        await supervisor.stop()
        assert log == ["start a", "stop a 10"]


class Host:
    """A host of processes that live until cancelled."""

    id = "app:host"
    durable = False

    def __init__(self, node: Node) -> None:
        self.node = node
        self.log: list[Any] = []
        self.serving = False

    async def start(self) -> None:
        self.serving = True

    async def stop(self, grace: float) -> None:
        self.log.append(("stop", grace))
        self.serving = False

    def spawn(self, request: Any, reply: Any) -> None:
        self.log.append(("spawn", request.entry, request.args, dict(request.options)))
        reply(Outcome("{local@app:host|1}"))

    def alive(self, _pid: str) -> bool:
        return True

    def cancel(self, pid: str, _sender: str, reason: str, reply: Any) -> None:
        self.log.append(("cancel", reason))
        reply(Outcome(value=True))
        self.node.exited(pid, Outcome(failure=Failure("x", "Canceled")))

    def terminate(self, _pid: str, reply: Any) -> None:
        self.log.append(("terminate",))
        reply(Outcome(value=True))


async def test_a_host_is_made_at_each_start() -> None:
    async with Node(Empty(), {}, clock=TrioClock()).open() as node:
        runner = HostRunner(node, Host.id, lambda: Host(node))
        ends: list[Failure | None] = []
        await runner.start(ends.append)
        first = node.hosts[Host.id]
        await runner.stop(10)
        assert (first.log, ends, node.hosts) == ([("stop", 9.0)], [None], {}), "a tenth is for ending processes"
        await runner.start(ends.append)
        assert node.hosts[Host.id] is not first


async def test_the_late_end_of_a_host_is_not_that_of_the_next_one() -> None:
    class Hanging(Host):
        async def stop(self, grace: float) -> None:
            await trio.sleep(60 if grace else 0)

    async with Node(Empty(), {}, clock=TrioClock()).open() as node:
        made = [Host(node), Hanging(node)]
        runner = HostRunner(node, Host.id, made.pop)
        first: list[Failure | None] = []
        second: list[Failure | None] = []
        await runner.start(first.append)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(runner.stop, 10)
            await trio.testing.wait_all_tasks_blocked()
            await runner.kill()
            await runner.start(second.append)
        assert (first, second) == ([None], [])
        assert type(node.hosts[Host.id]) is Host


@pytest.mark.parametrize(
    ("durable", "cancel_runs", "expected"),
    [
        (False, False, [("spawn", "app:p", (1, "b"), {}), ("cancel", "service stopping")]),
        (
            True,
            False,
            [("spawn", "app:p", (1, "b"), {"workflow.id": "app:s", "workflow.id_conflict_policy": "use_existing"})],
        ),
        (
            True,
            True,
            [
                ("spawn", "app:p", (1, "b"), {"workflow.id": "app:s", "workflow.id_conflict_policy": "use_existing"}),
                ("cancel", "service stopping"),
            ],
        ),
    ],
)
async def test_a_process_is_cancelled_and_a_run_let_go(durable: bool, cancel_runs: bool, expected: list[Any]) -> None:  # noqa: FBT001
    async with Node(Empty(), {}, clock=TrioClock()).open() as node:
        host = Host(node)
        host.durable = durable
        await node.start_host(host)
        runner = ProcessRunner(node, "app:s", "app:p", Host.id, [1, "b"], cancel_runs)
        ends: list[Failure | None] = []
        await runner.start(ends.append)
        await runner.stop(5)
        assert host.log == expected
        assert len(ends) == 1
        node.exited("{local@app:host|1}", Outcome())
        assert len(ends) == 1


async def test_the_end_of_a_process_is_heard_once() -> None:
    async with Node(Empty(), {}, clock=TrioClock()).open() as node:
        await node.start_host(Host(node))
        ends: list[Failure | None] = []
        runner = ProcessRunner(node, "app:s", "app:p", Host.id)
        await runner.start(ends.append)
        node.exited("{local@app:host|1}", Outcome(failure=Failure("crashed")))
        await runner.kill()
        assert [end.message for end in ends if end] == ["crashed"]


# ---- by hand --------------------------------------------------------------------------------------------------------


async def _move(supervisor: Supervisor, name: str, **what: bool) -> tuple[list[str], list[str]]:
    move = await supervisor.move(name, **what)
    await supervisor.moved(move)
    return list(move.stopping), list(move.starting)


async def test_a_stop_by_hand_stops_those_that_need_it_first_and_lasts() -> None:
    specs = (_spec("a"), _spec("b", "a"), _spec("c", "b"), _spec("d"))
    async with _supervised(*specs) as (supervisor, _, log):
        await supervisor.start(WITHIN)
        log.clear()
        assert await _move(supervisor, "a", stop=True) == (["c", "b", "a"], [])
        assert log == ["stop c 10", "stop b 10", "stop a 10"]
        assert [line.id for line in supervisor.report() if line.held] == ["a", "b", "c"]
        await trio.sleep(500)
        supervisor.revise(_given(log, *specs, _spec("e", "b")), {"a", "b"})
        await _quiet(supervisor)
        assert len(log) == 3, "another registry starts none of them"
        assert _states(supervisor)["d"] == "running"
        refused = next(line for line in supervisor.report() if line.id == "e")
        assert "needs a, which was stopped by hand" in refused.failure.message


async def test_a_start_by_hand_starts_what_it_needs_and_nothing_else() -> None:
    async with _supervised(_spec("a"), _spec("b", "a"), _spec("c", "b")) as (supervisor, _, log):
        await supervisor.start(WITHIN)
        await _move(supervisor, "a", stop=True)
        log.clear()
        assert await _move(supervisor, "b", start=True) == ([], ["a", "b"])
        assert log == ["start a", "start b"]
        assert _states(supervisor) == {"a": "running", "b": "running", "c": "stopped"}
        assert await _move(supervisor, "b", start=True) == ([], [])
        await supervisor.stop()


async def test_a_restart_brings_back_those_that_ran() -> None:
    specs = (_spec("a"), _spec("b", "a"), _spec("c", "b", auto_start=False), _spec("d", "a"))
    async with _supervised(*specs) as (supervisor, fakes, log):
        await supervisor.start(WITHIN)
        fakes["d"].ended(Failure("crashed"))
        log.clear()
        assert await _move(supervisor, "a", stop=True, start=True) == (["d", "b", "a"], ["a", "b", "d"])
        assert log[:3] == ["stop b 10", "stop a 10", "start a"]
        assert sorted(log[3:]) == ["start b", "start d"]
        assert _states(supervisor) == {"a": "running", "b": "running", "c": "unknown", "d": "running"}
        assert not any(line.held for line in supervisor.report())
        assert await _move(supervisor, "c", start=True) == ([], ["c"])


async def test_a_start_by_hand_mends_what_was_given_up() -> None:
    specs = (_spec("a", restart=RestartPolicy(max_attempts=1)), _spec("b", "a"))
    async with _supervised(*specs, plans={"a": [Error("busy"), Error("busy")]}) as (supervisor, _, _log):
        await supervisor.start(WITHIN)
        assert _states(supervisor) == {"a": "failed", "b": "unknown"}
        await _move(supervisor, "b", start=True)
        assert _states(supervisor) == {"a": "failed", "b": "unknown"}
        assert "needs a" in supervisor.report()[1].failure.message
        await _move(supervisor, "a", start=True)
        await _quiet(supervisor)
        assert _states(supervisor) == {"a": "running", "b": "running"}


async def test_a_failing_start_by_hand_is_waited_for_until_it_is_over() -> None:
    specs = (_spec("a", auto_start=False, restart=RestartPolicy(jitter=1e-9)), _spec("b", "a", auto_start=False))
    async with _supervised(*specs, plans={"a": [Error("busy"), Error("busy")]}) as (supervisor, _, log):
        begin = trio.current_time()
        move = await supervisor.move("b", start=True)
        with trio.move_on_after(2):
            await supervisor.moved(move)
        assert supervisor.awaited_by("b") == ["a"]
        await supervisor.moved(move)
        assert trio.current_time() - begin == pytest.approx(3, abs=0.01)
        assert (log[-1], supervisor.awaited_by("b")) == ("start b", [])


async def test_a_move_that_takes_too_long_says_what_it_waits_for() -> None:
    specs = (_spec("a", auto_start=False), _spec("b", "a", auto_start=False))
    log: list[str] = []
    fakes = {"a": Fake("a", log, [Error("busy")] * 9), "b": Fake("b", log)}
    async with Node(Empty(), {}, clock=TrioClock()).open() as node:
        supervisor = Supervisor(node, Services(specs, start_levels(specs, {"a": (), "b": ()}), fakes))
        answer = await node_verbs(node, supervisor)["service.start"]({"id": "b", "timeout": 2})
        assert (answer["over"], answer["started"], answer["waits_for"]) == (False, ["a", "b"], ["a"])
        told = service_command.unfinished("start", answer, "2s")
        assert told.message == (
            "start of service b is not over after 2s: b is unknown, a is failed (busy); the node goes on with it"
        )
        await supervisor.stop()


async def test_moves_are_made_one_after_another() -> None:
    async with _supervised(_spec("a"), _spec("b", "a")) as (supervisor, fakes, log):
        await supervisor.start(WITHIN)
        fakes["b"].obeys = False
        async with trio.open_nursery() as nursery:
            await supervisor.move("a", stop=True)
            nursery.start_soon(lambda: _move(supervisor, "b", start=True))
        assert log[2:] == ["stop b 10", "kill b", "stop a 10", "start a", "start b"]
        with trio.move_on_after(1) as scope:
            await supervisor.move("b", stop=True)
            await supervisor.move("b", start=True)
        assert scope.cancelled_caught, "the stop takes its ten seconds"
        await trio.sleep(20)
        assert _states(supervisor) == {"a": "running", "b": "failed"}, "the start was given up before its turn"


async def test_an_optional_service_that_is_held_blocks_nobody() -> None:
    async with _supervised(_spec("a", startup=OPTIONAL)) as (supervisor, _, log):
        await supervisor.start(WITHIN)
        await _move(supervisor, "a", stop=True)
        supervisor.revise(_given(log, _spec("a", startup=OPTIONAL), _spec("b", "a")), set())
        await _quiet(supervisor)
        assert _states(supervisor) == {"a": "stopped", "b": "running"}


async def test_an_optional_service_that_is_asked_for_is_tried_first() -> None:
    async with _supervised(_spec("z", startup=OPTIONAL), _spec("b", "z"), plans={"z": [0, 3]}) as (supervisor, _, log):
        await supervisor.start(WITHIN)
        await _move(supervisor, "z", stop=True)
        log.clear()
        await _move(supervisor, "b", start=True)
        assert (log, _states(supervisor)["z"]) == (["start z", "start b"], "running")


async def test_what_cannot_be_moved_says_why() -> None:
    async with _supervised(_spec("app:a"), _spec("app:b", "gone")) as (supervisor, _, _log):
        await supervisor.start(WITHIN)
        with pytest.raises(Error, match=r"no service 'app:aa'; did you mean 'app:a'") as caught:
            await supervisor.move("app:aa", stop=True)
        assert caught.value.kind == NOT_FOUND
        with pytest.raises(Error, match="gone, which is not in the registry"):
            await supervisor.move("app:b", start=True)
        assert await _move(supervisor, "app:b", stop=True) == ([], [])
        await supervisor.stop()
        with pytest.raises(Error, match="the node is stopping") as caught:
            await supervisor.move("app:a", start=True)
        assert caught.value.kind == UNAVAILABLE


async def test_a_node_that_stops_ends_a_move() -> None:
    async with _supervised(_spec("a")) as (supervisor, fakes, log):
        await supervisor.start(WITHIN)
        fakes["a"].obeys = False
        await supervisor.move("a", stop=True, start=True)
        await supervisor.stop()
        await trio.testing.wait_all_tasks_blocked()
        assert log == ["start a", "stop a 10", "kill a"]


# ---- another registry -----------------------------------------------------------------------------------------------


def _given(log: list[str], *specs: ServiceSpec) -> Services:
    plan = start_levels(specs, {spec.id: () for spec in specs})
    return Services(specs, plan, {spec.id: Fake(f"{spec.id}'", log) for spec in specs})


async def _quiet(supervisor: Supervisor) -> None:
    await trio.testing.wait_all_tasks_blocked()
    await supervisor.settled(_states(supervisor))


async def test_a_new_service_starts_and_one_that_is_gone_is_stopped() -> None:
    async with _supervised(_spec("a"), _spec("b")) as (supervisor, _, log):
        await supervisor.start(WITHIN)
        supervisor.revise(_given(log, _spec("a"), _spec("c"), _spec("d", auto_start=False)), set())
        await _quiet(supervisor)
        assert sorted(log) == ["start a", "start b", "start c'", "stop b 10"]
        assert _states(supervisor) == {"a": "running", "c": "running", "d": "unknown"}
        await supervisor.stop()


async def test_a_changed_service_and_those_that_need_it_are_started_anew_in_order() -> None:
    async with _supervised(_spec("a"), _spec("b", "a"), _spec("c")) as (supervisor, _, log):
        await supervisor.start(WITHIN)
        log.clear()
        supervisor.revise(_given(log, _spec("a", auto_start=False), _spec("b", "a"), _spec("c")), {"a"})
        await _quiet(supervisor)
        assert log == ["amend a", "stop b 10", "stop a 10", "start a'", "start b'"]
        assert set(_states(supervisor).values()) == {"running"}


async def test_a_service_that_can_be_amended_goes_on() -> None:
    async with _supervised(_spec("a"), _spec("b", "a")) as (supervisor, fakes, log):
        await supervisor.start(WITHIN)
        log.clear()
        fakes["a"].amendable = True
        supervisor.revise(_given(log, _spec("a", stop_timeout=1 * SECOND), _spec("b", "a")), {"a"})
        await _quiet(supervisor)
        assert log == ["amend a"]
        await supervisor.stop()
        assert log[-1] == "stop a 1"


async def test_a_changed_service_that_does_not_run_starts_only_if_it_says_so() -> None:
    async with _supervised(_spec("a", auto_start=False), _spec("b", auto_start=False)) as (supervisor, _, log):
        await supervisor.start(WITHIN)
        supervisor.revise(_given(log, _spec("a"), _spec("b", auto_start=False)), {"a", "b"})
        await _quiet(supervisor)
        assert log == ["start a'"]


async def test_a_failed_service_is_mended_by_a_change() -> None:
    spec = _spec("a", restart=RestartPolicy(max_attempts=1))
    async with _supervised(spec, plans={"a": [Error("no")]}) as (supervisor, _, log):
        await supervisor.start(WITHIN)
        assert _states(supervisor) == {"a": "failed"}
        supervisor.revise(_given(log, spec), {"a"})
        await _quiet(supervisor)
        assert _states(supervisor) == {"a": "running"}


async def test_a_service_created_again_while_it_stops_starts_afterwards() -> None:
    async with _supervised(_spec("a", stop_timeout=2 * SECOND)) as (supervisor, fakes, log):
        await supervisor.start(WITHIN)
        fakes["a"].obeys = False
        supervisor.revise(_given(log), set())
        await trio.sleep(1)
        supervisor.revise(_given(log, _spec("a")), set())
        await trio.sleep(5)
        assert log == ["start a", "stop a 2", "kill a", "start a'"]
        assert _states(supervisor) == {"a": "running"}


async def test_a_node_that_stops_waits_for_services_that_are_gone() -> None:
    async with _supervised(_spec("a", stop_timeout=2 * SECOND)) as (supervisor, fakes, log):
        await supervisor.start(WITHIN)
        fakes["a"].obeys = False
        supervisor.revise(_given(log), set())
        await trio.testing.wait_all_tasks_blocked()
        await supervisor.stop()
        assert log[-1] == "kill a"
