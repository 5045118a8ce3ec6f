"""What a new run costs beside its script: what it is pinned to is answered in place, in the thread of the SDK."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.bridge.proto.activity_task import ActivityTask
from temporalio.bridge.proto.workflow_activation import WorkflowActivation, WorkflowActivationJob

from actorflow.app import languages, read_registry
from actorflow.node.node import Node
from hosts.temporal import activating, activity, pinning
from hosts.temporal.activating import Activating
from hosts.temporal.activity import SOURCE
from hosts.temporal.flow import Run
from hosts.temporal.payload import VALUES, value_of
from hosts.temporal.pinning import Answering, Pins
from hosts.temporal.worker import TemporalWorker
from tests.temporal.support import HOST, REGISTRY, on

COUNTING = "app:counting"


class Listing:
    """A connection that knows the search attributes of its cluster, or has to list them."""

    def __init__(self, attributes: dict[str, int] | None) -> None:
        self.attributes = attributes

    def listed(self) -> dict[str, int] | None:
        return self.attributes


def worker_of(monkeypatch: pytest.MonkeyPatch, listing: Listing) -> TemporalWorker:
    node = Node(read_registry(REGISTRY), languages())
    monkeypatch.setattr(TemporalWorker, "connection", listing)
    worker = TemporalWorker(HOST, node.registry.entry(HOST).config, node)
    monkeypatch.setattr(worker.sources, "_version", lambda: "of a registry that may change")
    return worker


def test_the_payload_is_that_of_the_answer_with_a_seed_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = worker_of(monkeypatch, Listing({"Customer": 2}))
    pins = Pins(worker)
    assert pins.payload(COUNTING) is None, "who asks first has it found out"
    answer = worker.sources.pinned(COUNTING)
    payloads = [pins.payload(COUNTING) for _ in range(3)]
    assert all(payload is not None for payload in payloads)
    found: list[dict[str, Any]] = [value_of(payload) for payload in payloads if payload is not None]
    seeds = {one["seed"] for one in found}
    assert len(seeds | {answer["seed"]}) == 4
    for payload, value in zip(payloads, found, strict=True):
        expected = {**answer, "seed": value["seed"], "attributes": {"Customer": 2}}
        assert payload == VALUES.payload_converter.to_payload(expected)
        assert {type(key) for key in value} == {str}
        assert len(bytes.fromhex(value["seed"])) == len(bytes.fromhex(answer["seed"]))


def test_a_payload_is_made_anew_when_what_it_was_made_of_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    listing = Listing({})
    worker = worker_of(monkeypatch, listing)
    pins = Pins(worker)

    def told() -> dict[str, Any]:
        payload = pins.payload(COUNTING)
        assert payload is not None
        value: dict[str, Any] = value_of(payload)
        return value

    worker.sources.pinned(COUNTING)
    assert "attributes" not in told()
    listing.attributes = {"Colour": 2}
    assert told()["attributes"] == {"Colour": 2}
    listing.attributes = None
    assert pins.payload(COUNTING) is None, "they have to be listed anew"
    listing.attributes = {"Colour": 2}
    monkeypatch.setattr(worker.sources, "_version", lambda: "another")
    assert pins.payload(COUNTING) is None, "the registry is another one"
    worker.rules = 1
    worker.sources.pinned(COUNTING)
    assert told()["format"] == 1


class Core:
    """The core of the SDK: gives tasks and takes completions, unless it is broken."""

    def __init__(self, tasks: Iterable[ActivityTask], *, broken: bool = False) -> None:
        self.tasks, self.broken = list(tasks), broken
        self.completed: list[Any] = []
        self.other = "of the core"

    async def poll_activity_task(self) -> ActivityTask:
        return self.tasks.pop(0)

    async def complete_activity_task(self, completion: Any) -> None:
        if self.broken:
            raise RuntimeError("no such task")
        self.completed.append(completion)


def task(token: bytes, name: str, argument: Any, *, local: bool = True) -> ActivityTask:
    made = ActivityTask(task_token=token)
    made.start.activity_type, made.start.is_local = name, local
    made.start.input.append(VALUES.payload_converter.to_payload(argument))
    return made


def answer(known: dict[str, Payload]) -> Any:
    return SimpleNamespace(payload=known.get)


async def polled(core: Core, pins: Any) -> bytes:
    found: ActivityTask = await Answering(core, pins).poll_activity_task()
    return bytes(found.task_token)


def test_only_what_is_known_is_answered_in_place() -> None:
    payload = VALUES.payload_converter.to_payload("pinned")
    tasks = [
        task(b"1", SOURCE, "app:known"),
        task(b"2", SOURCE, "app:unknown"),
        task(b"3", "actorflow.child", "app:known"),
        task(b"4", SOURCE, "app:known", local=False),
        ActivityTask(task_token=b"5"),
    ]
    tasks[4].cancel.SetInParent()
    core = Core(tasks)
    pins = answer({"app:known": payload})
    assert [asyncio.run(polled(core, pins)) for _ in range(4)] == [b"2", b"3", b"4", b"5"]
    (completion,) = core.completed
    assert (completion.task_token, completion.result.completed.result) == (b"1", payload)
    assert Answering(core, pins).other == "of the core"


def test_what_cannot_be_answered_is_for_the_sdk() -> None:
    pins = answer({"app:known": VALUES.payload_converter.to_payload("pinned")})
    assert asyncio.run(polled(Core([task(b"1", SOURCE, "app:known")], broken=True), pins)) == b"1"
    broken = task(b"2", SOURCE, "app:known")
    del broken.start.input[:]
    assert asyncio.run(polled(Core([broken]), pins)) == b"2"


def test_a_worker_of_the_sdk_with_other_insides_is_left_as_it_is() -> None:
    pins: Any = answer({})
    other = SimpleNamespace(poll_activity_task=None)
    for worker, expected in (
        (SimpleNamespace(_bridge_worker=Core([])), Answering),
        (SimpleNamespace(_bridge_worker=other), SimpleNamespace),
        (SimpleNamespace(), type(None)),
    ):
        pinning.answering(worker, pins)  # type: ignore[arg-type] # enough of one
        assert type(getattr(worker, "_bridge_worker", None)) is expected


def activation(*jobs: str) -> WorkflowActivation:
    made = WorkflowActivation()
    for name in jobs:
        job = WorkflowActivationJob()
        getattr(job, name).SetInParent()
        made.jobs.append(job)
    return made


@pytest.mark.parametrize(
    ("jobs", "here"),
    [
        (("initialize_workflow",), True),
        (("initialize_workflow", "signal_workflow"), True),
        (("remove_from_cache",), True),
        (("resolve_activity",), False),
        (("signal_workflow", "do_update"), False),
        (("query_workflow",), False),
    ],
)
def test_what_runs_no_script_is_activated_where_it_is_submitted(jobs: tuple[str, ...], here: bool) -> None:  # noqa: FBT001 - a parameter of the test
    there: list[Callable[..., Any]] = []

    def submit(fn: Callable[..., Any], *_args: Any) -> Any:
        there.append(fn)
        future = asyncio.get_running_loop().create_future()
        future.set_result("there")
        return future

    def activate(given: WorkflowActivation) -> Any:
        assert asyncio.current_task() is None
        asyncio._set_running_loop(None)  # noqa: SLF001 - as the loop of a workflow does at its end
        if "fail" in given.run_id:
            raise ValueError(given.run_id)
        return "here"

    async def submitted(given: WorkflowActivation) -> Any:
        loop, executor = asyncio.get_running_loop(), Activating(SimpleNamespace(submit=submit))  # type: ignore[arg-type] # enough of one
        try:
            return await loop.run_in_executor(executor, activate, given)
        finally:
            assert asyncio.get_running_loop() is loop

    given = activation(*jobs)
    assert asyncio.run(submitted(given)) == ("here" if here else "there")
    assert bool(there) is not here
    if here:
        given.run_id = "fail"
        with pytest.raises(ValueError, match="fail"):
            asyncio.run(submitted(given))


async def test_scripts_run_in_the_thread_of_the_node_and_later_runs_are_answered_in_place(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fed, asked, placed = set[int](), list[str](), list[int]()
    feed, pin, found, payload = Run._feed, Run._pin, activity._pinned, pinning.Pins.payload  # noqa: SLF001 - what is counted

    def feeding(run: Run, *args: Any) -> None:
        fed.add(threading.get_ident())
        feed(run, *args)

    async def pinning_it(run: Run) -> None:
        placed.append(threading.get_ident())
        await pin(run)

    async def finding(worker: TemporalWorker, entry: str) -> dict[str, Any]:
        asked.append(entry)
        return await found(worker, entry)

    answered, spared = list[bool](), list[object]()

    def answering(pins: Pins, name: str) -> Payload | None:
        given = payload(pins, name)
        answered.append(given is not None)
        return given

    monkeypatch.setattr(Run, "_feed", feeding)
    monkeypatch.setattr(Run, "_pin", pinning_it)
    monkeypatch.setattr(activity, "_pinned", finding)
    monkeypatch.setattr(Pins, "payload", answering)
    monkeypatch.setattr(activating, "_none", spared.append)
    async with on(server, tmp_path) as node:
        for _ in range(2):
            pid = await node.spawn(COUNTING, host=HOST, args=[0])
            await node.wait(pid, timeout=90)
    assert set(asked) == {COUNTING}, "the first one finds it out"
    assert not answered[0]
    assert len(asked) < len(answered), "a later one is answered in place; a server that is slow may ask more often"
    assert fed == {threading.get_ident()}
    assert len(placed) > 1
    assert threading.get_ident() not in placed
    assert spared, "nobody finds out what the payloads of a run belong to"
