"""Several nodes on this machine by one command, and one of them that is drained."""

from __future__ import annotations

import pkgutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL

from actorflow.app import read_registry
from actorflow.cli import cluster_dev
from actorflow.cli.place import Place
from actorflow.errors import UNAVAILABLE, Error
from actorflow.node.control_client import ControlClient
from actorflow.node.data import holder
from actorflow.store.dialect import Sqlite
from actorflow.store.stores import DATABASE, Stores
from tests.crash.meshing import COMMAND, ENVIRONMENT
from tests.databases import fresh
from tests.unit.resource.test_servers import on_server

REGISTRY = """
version: "1.0"
namespace: app
entries:
  - {name: workflows, kind: workflow.host, lifecycle: {auto_start: true}}
  - name: ask
    kind: workflow.lua
    source: |
      return function() return (process.inbox():receive():payload():data()) end
    modules: [process]
"""
PATIENCE = 120.0


def until(what: Callable[[], Any]) -> Any:
    """Wait until something is so, whoever is not there yet."""
    end, last = time.monotonic() + PATIENCE, None
    while time.monotonic() < end:
        try:
            if found := what():
                return found
        except (Error, OSError) as error:
            last = error
        time.sleep(0.05)
    raise AssertionError(f"it did not come to that: {last}")


@pytest.mark.slow
@on_server
def test_a_cluster_of_one_machine_serves_drains_and_stops(tmp_path: Path) -> None:
    (tmp_path / "_index.yaml").write_text(REGISTRY)
    log, nodes = tmp_path / "log", tmp_path / "data" / "cluster"
    url = fresh("postgres")
    at = {"host": str(url.host), "port": str(url.port or 5432)}  # it may be a socket, which is no host of a URL's text
    url = URL.create("postgresql", url.username, url.password, database=url.database, query=at)
    text = url.render_as_string(hide_password=False)
    command = [
        COMMAND,
        "cluster",
        "dev",
        str(tmp_path),
        "-n",
        "2",
        "--data",
        str(tmp_path / "data"),
        "--database",
        text,
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=ENVIRONMENT)
    try:
        clients = [ControlClient(nodes / f"dev-{number}") for number in (1, 2)]
        until(lambda: [line["state"] for line in clients[0].request("nodes", {})] == ["self", "up"])
        pid = until(lambda: clients[0].spawn("app:ask", "app:workflows"))
        assert until(lambda: [run["pid"] for run in clients[1].runs()]) == [pid]
        drain = [
            COMMAND,
            "node",
            "drain",
            "dev-2",
            "--data",
            str(nodes / "dev-1"),
            "-C",
            str(tmp_path),
            "--timeout",
            "2m",
        ]
        said = subprocess.run(drain, check=False, capture_output=True, text=True, env=ENVIRONMENT)
        assert (said.returncode, said.stdout) == (0, "dev-2 has handed over what it had, and has ended\n"), said.stderr
        until(lambda: clients[0].send(pid, "go", 42))
        assert until(lambda: clients[0].wait(pid)) == 42
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0, log.read_text()
    finally:
        process.kill()
        process.wait()
    text = log.read_text()
    assert "dev-1 | " in text
    assert "all nodes have stopped" in text


@pytest.mark.slow
def test_the_nodes_of_a_cluster_that_is_killed_end_in_order(tmp_path: Path) -> None:
    (tmp_path / "_index.yaml").write_text(REGISTRY)
    nodes = [tmp_path / "data" / "cluster" / f"dev-{number}" for number in (1, 2)]
    command = [COMMAND, "cluster", "dev", str(tmp_path), "-n", "2", "--data", str(tmp_path / "data")]
    command += ["--database", f"sqlite:///{tmp_path / 'unused.db'}", "-o", "app:workflows:database=memory"]
    with (tmp_path / "log").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=ENVIRONMENT)
    try:
        until(lambda: [line["state"] for line in ControlClient(nodes[0]).request("nodes", {})] == ["self", "up"])
    finally:
        process.kill()
        process.wait()
    until(lambda: all(holder(data) is None for data in nodes))


def test_without_a_database_one_is_asked_for_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(pkgutil, "resolve_name", missing)
    cluster = cluster_dev.Cluster(Place(tmp_path, tmp_path), tmp_path / "cluster", 2, "")
    with pytest.raises(Error, match="--database postgresql://") as caught:
        cluster.database()
    assert caught.value.kind == UNAVAILABLE


def test_a_variable_names_the_database_of_hosts_that_name_none(tmp_path: Path) -> None:
    file = tmp_path / "elsewhere.db"
    stores = Stores(tmp_path, read_registry(tmp_path), {DATABASE: f"sqlite:///{file}"})
    found = stores.database("")
    assert isinstance(found, Sqlite)
    assert (found.path, stores.path("")) == (file, file)
    with pytest.raises(Error, match="expected a database, as one of postgresql://"):
        Stores(tmp_path, read_registry(tmp_path), {DATABASE: "redis://x/0"}).database("")
