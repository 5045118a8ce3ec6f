"""Booting and stopping a node."""

from __future__ import annotations

import signal
import sqlite3
import time
from importlib.metadata import version

import pytest

from tests.acceptance.project import Project
from tests.acceptance.registry import FILES, INDEX


@pytest.fixture
def shop(project: Project) -> Project:
    project.write("_index.yaml", INDEX)
    for name, text in FILES.items():
        project.write(name, text)
    return project


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_drains_and_stops(shop: Project, number: signal.Signals) -> None:
    node = shop.up()
    shop.inside("spawn", "app:wait_py", "A", "--host", "app:flows", "--id", "one")
    node.until(lambda: node.state("one") == "waiting")
    assert node.end(number) == 0
    assert "draining" in node.log
    assert "service app:flows stopping → stopped" in node.log
    assert shop.inside("runs", "--json").json[0]["state"] == "waiting"


def test_a_second_signal_stops_at_once(shop: Project) -> None:
    node = shop.up("-o", "app:actors:lifecycle={auto_start: true, stop_timeout: 60s}")
    node.client.spawn("app:stubborn", "app:actors")
    node.process.send_signal(signal.SIGINT)
    node.until(lambda: "draining" in node.log)
    began = time.monotonic()
    assert node.end(signal.SIGINT) == 130
    assert time.monotonic() - began < 40, "the stop time-out is a minute"


def test_a_killed_node_goes_on_where_it_was(shop: Project) -> None:
    node = shop.up()
    for number in range(5):
        node.client.spawn("app:wait_py", "app:flows", [number], options={"workflow.id": f"run-{number}"})
    assert node.end(signal.SIGKILL) == -signal.SIGKILL
    node = shop.up()
    for number in range(5):
        node.client.send(f"{{local@app:flows|run-{number}}}", "go", number)
    for number in range(5):
        assert node.client.wait(f"{{local@app:flows|run-{number}}}")["payload"] == number
    assert node.client.request("info", {})["boot"] == 2


def test_files_that_do_not_parse_start_nothing_and_are_all_named(shop: Project) -> None:
    shop.write("one/x.yaml", "namespace: one\nentries: [")
    shop.write("two/x.yaml", "namespace: two\nentries:\n  - {name: a, kind: library.py, source: x}\n")
    shop.write("three/x.yaml", "namespace: app\nentries:\n  - {name: actors, kind: process.host}\n")
    refused = shop.run("up")
    assert refused.code == 2
    assert "one/x.yaml:" in refused.err
    assert "app:actors again" in refused.err
    assert not (shop.path / ".actorflow").exists()


def test_a_directory_that_is_not_there_exits_2(shop: Project) -> None:
    assert shop.run("up", "nowhere").code == 2


def test_a_data_directory_that_cannot_be_used_exits_2(shop: Project) -> None:
    shop.write("file", "")
    refused = shop.run("up", "--data", "file")
    assert refused.code == 2
    assert "cannot use data directory" in refused.err


def test_a_corrupt_database_is_named_and_actors_go_on(shop: Project) -> None:
    (shop.path / ".actorflow").mkdir()
    (shop.path / ".actorflow" / "runs.db").write_bytes(b"this is no database" * 1000)
    node = shop.up()
    flows = next(line for line in node.client.services() if line["id"] == "app:flows")
    assert flows["state"] != "running"
    assert "runs.db" in flows["failure"].message
    assert node.client.call("app:greet_py", ["x"])["hello"] == "x"
    assert shop.inside("spawn", "app:wait_py", "--host", "app:flows").code == 6


def test_a_database_entry_keeps_the_runs_of_its_host(shop: Project) -> None:
    shop.write(
        "more.yaml",
        """
        namespace: more
        entries:
          - {name: db, kind: db.sql.sqlite, file: other.db, lifecycle: {auto_start: true}}
          - {name: flows, kind: workflow.host, database: db, lifecycle: {auto_start: true}}
          - {name: inline, kind: workflow.host, database: memory, lifecycle: {auto_start: true}}
    """,
    )
    node = shop.up()
    for host in ("more:flows", "more:inline", "app:flows"):
        node.client.spawn("app:wait_py", host, ["A"], options={"workflow.id": host})
    assert {line["host"] for line in node.client.request("runs", {})} == {"more:flows", "more:inline", "app:flows"}
    node.end(signal.SIGTERM)
    with sqlite3.connect(shop.path / ".actorflow" / "other.db") as connection:
        assert connection.execute("select count(*) from run").fetchone() == (1,)
    connection.close()
    assert {line["host"] for line in shop.inside("runs", "--json").json} == {"more:flows", "app:flows"}


def test_a_package_named_hosts_in_the_way_is_named(shop: Project) -> None:
    (shop.path / "lib" / "hosts").mkdir(parents=True)
    shop.write("lib/hosts/__init__.py", "")
    refused = shop.run("call", "app:greet_py", PYTHONPATH=str(shop.path / "lib"))
    assert refused.code == 2
    assert str(shop.path / "lib" / "hosts") in refused.err


def test_help_is_quick_and_lists_the_verbs(shop: Project) -> None:
    helped = shop.run("--help")
    assert helped.code == 0
    for verb in ("up", "call", "spawn", "send", "ps", "services", "service", "runs", "run", "test"):
        assert f" {verb} " in helped.out
    assert shop.run("run", "--help").code == 0
    assert all(f" {verb} " in shop.run("service", "--help").out for verb in ("start", "stop", "restart"))


def test_the_version_is_printed(shop: Project) -> None:
    assert shop.run("--version").out == f"actorflow {version('actorflow')}\n"


def test_output_without_colour_has_no_escapes(shop: Project) -> None:
    assert "\x1b" not in shop.run("--help", NO_COLOR="1").out
