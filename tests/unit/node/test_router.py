"""Routing to hosts that are not process hosts: durable ones answer later and know how their runs ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from actorflow.errors import INTERNAL, INVALID, Error, Failure
from actorflow.hosting import ProcessInfo
from actorflow.machine.op import Op
from actorflow.message import EXIT, LINK_DOWN, Message
from actorflow.ports import Outcome, Reply, SpawnRequest
from tests.conformance.process.rig import HOST, Rig, rig, until
from tests.conformance.process.test_messages import attempt

FLOWS = "app:flows"
RUN = f"{{store@{FLOWS}|order-1}}"


class DurableHost:
    """A host that keeps what it is asked until the test answers."""

    durable = True
    id = FLOWS

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.asked: list[tuple[Any, ...]] = []
        self.replies: list[Reply] = []
        self.state: bool | Outcome = True

    async def start(self) -> None: ...

    async def stop(self, _grace: float) -> None: ...

    def spawn(self, request: SpawnRequest, reply: Reply) -> None:
        def started(outcome: Outcome) -> None:
            self.rig.node.router.adopt(request, outcome.value)
            reply(outcome)

        self._ask(started, "spawn", request.entry, request.monitor)

    def send(self, pid: str, message: Message, reply: Reply) -> None:
        self._ask(reply, "send", pid, message.topic)

    def cancel(self, pid: str, sender: str, reason: str, reply: Reply) -> None:
        self._ask(reply, "cancel", pid, sender, reason)

    def terminate(self, pid: str, reply: Reply) -> None:
        self._ask(reply, "terminate", pid)

    def event(self, pid: str, event: Mapping[str, Any]) -> None:
        self.asked.append(("event", pid, event["kind"]))

    def alive(self, _pid: str) -> bool | Outcome:
        return self.state

    def processes(self) -> Iterator[ProcessInfo]:
        return iter(())

    def _ask(self, reply: Reply, *what: Any) -> None:
        self.asked.append(what)
        self.replies.append(reply)

    async def answer(self, value: Any = None, failure: Failure | None = None) -> None:
        await until(lambda: self.replies)
        self.replies.pop(0)(Outcome(value, failure))

    def finish(self, value: Any = None, failure: Failure | None = None) -> None:
        self.state = Outcome(value, failure)
        self.rig.node.exited(RUN, self.state, durable=True)


async def durable(node: Rig) -> DurableHost:
    host = DurableHost(node)
    await node.node.start_host(host)
    return host


async def spawned(node: Rig, script: Any) -> str:
    entry = node.add(f"app:main{len(node.registry.scripts)}", script)
    return await node.node.spawn(entry, host=HOST)


async def test_late_answers_resume_the_script_with_value_or_failure() -> None:
    def main() -> Any:
        pid = yield (Op.SPAWN, SpawnRequest("app:flow", FLOWS))
        sent = yield (Op.SEND_MESSAGE, pid, "approve", (1,))
        failure = yield from attempt((Op.SEND_MESSAGE, pid, "approve", (2,)))()
        return [pid, sent, failure.message]

    async with rig() as node:
        host = await durable(node)
        pid = await spawned(node, main)
        await host.answer(RUN)
        await host.answer(value=True)
        await host.answer(failure=Failure("disk full", "Unavailable"))
        assert await node.node.wait(pid, timeout=5) == [RUN, True, "disk full"]
    assert [asked[0] for asked in host.asked] == ["spawn", "send", "send"]


async def test_exec_of_a_durable_run_waits_for_its_end_or_finds_it() -> None:
    def main() -> Any:
        return (yield (Op.EXEC, SpawnRequest("app:flow", FLOWS)))

    async with rig() as node:
        host = await durable(node)
        pid = await spawned(node, main)
        await host.answer(RUN)
        host.finish({"ok": True})
        assert await node.node.wait(pid, timeout=5) == {"ok": True}
        pid = await spawned(node, main)
        await host.answer(RUN)
        assert await node.node.wait(pid, timeout=5) == {"ok": True}
        assert await node.node.wait(RUN, timeout=5) == {"ok": True}


@pytest.mark.parametrize("finished", [False, True])
@pytest.mark.parametrize(
    ("verb", "failure", "kind"),
    [("monitor", None, EXIT), ("monitor", Failure("x"), EXIT), ("link", None, EXIT), ("link", Failure("x"), LINK_DOWN)],
)
async def test_actors_watch_runs_before_and_after_their_end(
    verb: str, failure: Failure | None, kind: str, *, finished: bool
) -> None:
    def main() -> Any:
        yield (Op.SET_OPTION, "trap_links", True)
        events = yield (Op.EVENTS,)
        yield (Op.CONTROL, verb, RUN, None)
        yield (Op.NAME, "register", "ready", "")
        event, _ = yield (Op.RECEIVE, events)
        yield (Op.SLEEP, 1_000_000)
        more = yield (Op.SELECT, [(events, False, None)], True)
        return [event["kind"], event["from"], event["result"]["error"], more[0]]

    async with rig() as node:
        host = await durable(node)
        if finished:
            host.state = Outcome(failure=failure)
        pid = await spawned(node, main)
        if not finished:
            await until(lambda: node.node.directory.find("ready"))
            host.finish(failure=failure)
        assert await node.node.wait(pid, timeout=5) == [kind, RUN, failure, -1]


async def test_a_spawn_onto_a_durable_host_is_monitored_unasked_by_who_reads_events() -> None:
    def main() -> Any:
        events = yield (Op.EVENTS,)
        pid = yield (Op.SPAWN, SpawnRequest("app:flow", FLOWS))
        explicit = yield (Op.CONTROL, "monitor", pid, None)
        again = yield from attempt((Op.CONTROL, "monitor", pid, None))()
        yield (Op.NAME, "register", "ready", "")
        event, _ = yield (Op.RECEIVE, events)
        yield (Op.SLEEP, 1_000_000)
        more = yield (Op.SELECT, [(events, False, None)], True)
        return [explicit, again.kind, event["kind"], more[0]]

    def silent() -> Any:
        yield (Op.SPAWN, SpawnRequest("app:flow", FLOWS))

    async with rig() as node:
        host = await durable(node)
        pid = await spawned(node, main)
        await host.answer(RUN)
        await until(lambda: node.node.directory.find("ready"))
        host.finish("done")
        assert await node.node.wait(pid, timeout=5) == [True, INTERNAL, EXIT, -1]
        pid = await spawned(node, silent)
        await host.answer(RUN)
        await node.node.wait(pid, timeout=5)
        assert [asked[2] for asked in host.asked if asked[0] == "spawn"] == [True, False]
        assert len(node.node.links) == 0


async def test_cancel_and_terminate_reach_the_run_in_the_name_of_who_asked() -> None:
    def main() -> Any:
        me = (yield (Op.IDENTITY,)).pid
        answer = yield (Op.CONTROL, "cancel", RUN, "why")
        failure = yield from attempt((Op.CONTROL, "terminate", RUN, None))()
        return [me, answer, failure.kind]

    async with rig() as node:
        host = await durable(node)
        pid = await spawned(node, main)
        await host.answer(value=True)
        await host.answer(failure=Failure("process not found", "NotFound"))
        me, answer, kind = await node.node.wait(pid, timeout=5)
    assert (answer, kind) == (True, INTERNAL)
    assert host.asked == [("cancel", RUN, me, "why"), ("terminate", RUN)]


async def test_the_end_of_an_actor_linked_to_a_run_is_an_event_for_its_host() -> None:
    def main() -> Any:
        yield (Op.CONTROL, "link", RUN, None)
        raise Error("boom")

    async with rig() as node:
        host = await durable(node)
        pid = await spawned(node, main)
        with pytest.raises(Error, match="boom"):
            await node.node.wait(pid, timeout=5)
        assert host.asked == [("event", RUN, LINK_DOWN)]


async def test_a_call_that_is_given_up_before_the_run_has_started_cancels_it_then() -> None:
    async with rig() as node:
        host = await durable(node)
        node.add("app:flow", lambda: iter(()), "workflow.test", default_host=FLOWS)
        with pytest.raises(Error, match="timed out"):
            await node.node.call("app:flow", timeout=0.01)
        await host.answer(RUN)
        assert host.asked[-1] == ("cancel", RUN, "", "caller context canceled")


async def test_names_and_pids_must_be_what_they_are() -> None:
    async with rig() as node:
        for op in ((Op.NAME, "register", "{a@b|c}", ""), (Op.NAME, "rename", "n", "")):
            assert (await node.run(attempt(op))).kind == INVALID
        with pytest.raises(Error, match="no host given") as caught:
            await node.node.spawn("app:main", host="")
        assert caught.value.kind == INVALID
