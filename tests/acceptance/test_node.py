"""One running node and the commands a user types beside it."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import pytest

from actorflow.errors import INVALID, NOT_FOUND, Error
from tests.acceptance.project import PATIENCE, Ended, Project, Running
from tests.acceptance.registry import BROKEN, FILES, INDEX


@pytest.fixture(scope="module")
def node(shared_project: Project) -> Running:
    shared_project.write("_index.yaml", INDEX)
    shared_project.write("bad/_index.yaml", BROKEN)
    for name, text in FILES.items():
        shared_project.write(name, text)
    return shared_project.up()


@pytest.fixture
def run(node: Running) -> Callable[..., Ended]:
    return node.project.run


def test_broken_entries_are_named_and_the_rest_starts(node: Running, run: Callable[..., Ended]) -> None:
    assert "bad:missing_source" in node.log
    assert "broken: see `actorflow check`" in node.log
    states = {line["id"]: line for line in run("services", "--json").json}
    assert states["app:actors"]["state"] == "running"
    assert states["app:flows"]["state"] == "running"
    assert states["bad:wrong_type"]["state"] == "exited"
    assert "concurrency" in states["bad:wrong_type"]["failure"]["message"]


def test_whoever_uses_a_broken_entry_gets_its_fault(run: Callable[..., Ended]) -> None:
    called = run("call", "bad:missing_source")
    assert called.code == 1
    assert "nowhere.py" in called.err
    spawned = run("spawn", "bad:no_compile", "--host", "app:actors")
    assert spawned.code == 2
    assert "_index.yaml" in spawned.err
    assert run("call", "bad:misspelled").out == "1\n"


@pytest.mark.parametrize("language", ["py", "lua"])
def test_a_workflow_from_start_to_end(node: Running, run: Callable[..., Ended], language: str) -> None:
    name = f"order-{language}"
    pid = run("spawn", f"app:wait_{language}", "A", "--host", "app:flows", "--id", name).out.strip()
    assert pid == f"{{local@app:flows|{name}}}"
    assert "topic" in node.until(lambda: "topic" in (why := run("run", "why", name).out) and why)
    assert run("send", pid, "approve", '{"by": "me"}').code == 0
    node.until(lambda: node.state(name) == "completed")
    shown = run("run", "show", pid, "--json").json
    assert shown["result"] == {"greeting": shown["result"]["greeting"], "topic": "approve", "payload": {"by": "me"}}
    assert shown["states"][0]["state"] == "created"
    history = run("run", "history", name, "--json").json
    assert [event["kind"] for event in history] == [
        "RunStarted",
        "FunctionCalled",
        "FunctionCompleted",
        "MessageReceived",
        "RunCompleted",
    ]
    assert "seed" not in history[0]["payload"]
    assert [line["workflow_id"] for line in run("runs", "--entry", f"app:wait_{language}", "--json").json] == [name]


def test_a_second_start_with_the_same_id_is_the_same_run(run: Callable[..., Ended]) -> None:
    first = run("spawn", "app:wait_py", "A", "--host", "app:flows", "--id", "same")
    assert run("spawn", "app:wait_py", "A", "--host", "app:flows", "--id", "same").out == first.out
    assert run("terminate", first.out.strip()).code == 0


def test_spawn_wait_and_its_time_out(node: Running, run: Callable[..., Ended]) -> None:
    assert run("spawn", "app:sleep", "0.01", "--host", "app:flows", "--wait").out == "slept\n"
    assert (
        run("spawn", "app:sleep", "60", "--host", "app:flows", "--id", "long", "--wait", "--timeout", "100ms").code == 6
    )
    assert run("run", "cancel", "long", "--reason", "enough").code == 0
    node.until(lambda: node.state("long") == "cancelled")


def test_a_service_that_crashes_comes_back(node: Running, run: Callable[..., Ended]) -> None:
    def service() -> dict[str, Any]:
        return next(line for line in node.client.services() if line["id"] == "app:crashing")

    before = service()["restarts"]
    node.until(lambda: service()["state"] == "running")
    assert run("send", "crashing", "boom").code == 0
    node.until(lambda: service()["restarts"] == before + 1 and service()["state"] == "running")
    assert "told to crash by boom" in node.log
    assert "app:crash" in run("ps").out


def test_wrong_input_is_a_clear_error(run: Callable[..., Ended]) -> None:
    assert run("spawn", "app:nothing", "--host", "app:actors").code == 3
    assert run("spawn", "app:wait_py").code == 2
    assert run("send", "{local@app:actors|0x99}", "hello").code == 3
    assert run("send", "no one", "hello").code == 3
    assert run("run", "show", "gone").code == 3
    assert run("call", "app:greet_py", "-o", "app:greet_py:method=x").code == 4
    assert run("frobnicate").code == 2


def test_a_second_node_on_the_same_data_directory_is_refused(node: Running, run: Callable[..., Ended]) -> None:
    second = run("up")
    assert second.code == 6
    assert f"in use by process {node.process.pid}" in second.err


def test_a_payload_of_100_mb_is_refused(node: Running) -> None:
    with pytest.raises(Error) as caught:
        node.client.call("app:greet_py", ["x" * 100_000_000])
    assert caught.value.kind == INVALID
    with pytest.raises(Error) as caught:
        node.client.call("app:greet_py", ["x" * 5_000_000])
    assert caught.value.kind == INVALID


@pytest.mark.parametrize("entry", ["app:loop_py", "app:loop_lua", "app:glutton"])
def test_a_script_that_loops_or_eats_memory_ends_and_the_node_lives(run: Callable[..., Ended], entry: str) -> None:
    spawned = run("spawn", entry, "--host", "app:actors", "--wait", "--timeout", "20s")
    assert spawned.code == 5, spawned.err
    assert "Resource" in spawned.err
    assert run("call", "app:greet_lua", "after").json == {"hello": "after"}


def test_what_does_not_exist_is_not_found_for_programs_too(node: Running) -> None:
    for ask in (
        lambda: node.client.spawn("app:nothing", "app:actors"),
        lambda: node.client.spawn("app:wait_py", "app:nowhere"),
        lambda: node.client.send("{local@app:flows|gone}", "hello"),
        lambda: node.client.request("run.history", {"run": "gone"}),
        lambda: node.client.request("frobnicate", {}),
    ):
        with pytest.raises(Error) as caught:
            ask()
        assert caught.value.kind == NOT_FOUND, caught.value


def test_an_interrupted_wait_leaves_the_process_alone(node: Running) -> None:
    arguments = ["spawn", "app:sleep", "60", "--host", "app:flows", "--id", "waited", "--wait"]
    waiting = node.project.start(*arguments)
    node.until(lambda: node.state("waited") == "waiting")
    waiting.send_signal(signal.SIGINT)
    assert waiting.wait(PATIENCE) == 130
    assert node.state("waited") == "waiting"
    node.client.cancel("{local@app:flows|waited}")
