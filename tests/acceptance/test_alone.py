"""Commands without a running node: they boot the registry for their own duration, or work on the store."""

from __future__ import annotations

import signal
import time

import pytest

from actorflow.node.data import holder
from tests.acceptance.project import PATIENCE, Project
from tests.acceptance.registry import FILES, INDEX


@pytest.fixture(scope="module")
def shop(shared_project: Project) -> Project:
    shared_project.write("_index.yaml", INDEX)
    for name, text in FILES.items():
        shared_project.write(name, text)
    return shared_project


@pytest.mark.parametrize("language", ["py", "lua"])
def test_call_boots_the_registry_and_prints_the_result(shop: Project, language: str) -> None:
    called = shop.run("call", f"app:greet_{language}", "World")
    assert called.code == 0, called.err
    assert called.json["hello"] == "World"


def test_args_are_positional_json_and_pairs(shop: Project) -> None:
    assert shop.inside("call", "app:greet_py", "[1, 2]", "a=1", "b=x").json == {
        "hello": [1, 2],
        "more": {"a": 1, "b": "x"},
    }


def test_a_function_that_fails_exits_1_and_names_the_line(shop: Project) -> None:
    called = shop.run("call", "app:refuse")
    assert called.code == 1
    assert "no good" in called.err
    assert "greet.py:7" in called.err


def test_an_unknown_function_exits_3_with_a_suggestion(shop: Project) -> None:
    called = shop.inside("call", "app:great_py")
    assert called.code == 3
    assert "did you mean 'app:greet_py'" in called.err


def test_a_call_that_takes_too_long_exits_6(shop: Project) -> None:
    began = time.monotonic()
    assert shop.inside("call", "app:slow", "--timeout", "200ms").code == 6
    assert time.monotonic() - began < 50


def test_what_begins_like_json_and_is_not_exits_2(shop: Project) -> None:
    called = shop.inside("call", "app:greet_py", "{bad")
    assert called.code == 2
    assert "not JSON" in called.err


def test_an_override_changes_one_field(shop: Project) -> None:
    called = shop.inside("call", "app:refuse", "you", "-o", "app:refuse:method=main")
    assert called.json["hello"] == "you"
    assert shop.inside("call", "app:refuse", "-o", "app:refuze:method=main").code == 2


def test_spawn_and_wait_prints_the_result_of_a_workflow(shop: Project) -> None:
    spawned = shop.inside(
        "spawn", "app:wait_lua", "A", "--host", "app:flows", "--wait", "--message", 'approve={"by":"B"}'
    )
    assert spawned.code == 0, spawned.err
    assert spawned.json == {"greeting": {"hello": "A"}, "topic": "approve", "payload": {"by": "B"}}


def test_spawn_and_wait_exits_5_when_the_run_fails(shop: Project) -> None:
    spawned = shop.run("spawn", "app:fail", "--host", "app:flows", "--wait")
    assert spawned.code == 5
    assert "always" in spawned.err


def test_spawn_without_wait_needs_a_node(shop: Project) -> None:
    spawned = shop.inside("spawn", "app:wait_py", "--host", "app:flows")
    assert spawned.code == 6
    assert "actorflow up" in spawned.err


def test_a_signal_sent_without_a_node_reaches_the_run_when_one_runs(project: Project) -> None:
    project.write("_index.yaml", INDEX)
    for name, text in FILES.items():
        project.write(name, text)
    node = project.up()
    for name in ("one", "two"):
        node.client.spawn("app:wait_py", "app:flows", [name], options={"workflow.id": name})
    node.until(lambda: node.state("one") == node.state("two") == "waiting")
    assert node.end(signal.SIGKILL) == -signal.SIGKILL

    assert "no node serves it" in project.inside("run", "why", "one").out
    assert project.inside("send", "{local@app:flows|one}", "approve", "5").code == 0
    assert project.inside("run", "cancel", "two", "--reason", "enough").code == 0
    assert project.inside("send", "three", "approve").code == 3
    assert {run["workflow_id"]: run["state"] for run in project.inside("runs", "--json").json} == {
        "one": "waiting",
        "two": "waiting",
    }

    node = project.up()
    node.until(lambda: node.state("one") == "completed" and node.state("two") == "cancelled")
    assert node.client.wait("{local@app:flows|one}")["payload"] == 5
    node.end(signal.SIGTERM)
    assert project.inside("send", "one", "approve").code == 4


def test_an_interrupted_call_ends_cleanly(shop: Project) -> None:
    calling = shop.start("call", "app:slow")
    data = shop.path / ".actorflow"
    began = time.monotonic()
    while holder(data) is None and time.monotonic() - began < PATIENCE:
        time.sleep(0.02)
    calling.send_signal(signal.SIGINT)
    assert calling.wait(PATIENCE) == 130
    assert holder(data) is None
