"""`actorflow service start|stop|restart ID`, as a user types it."""

from __future__ import annotations

import pytest

from actorflow.errors import Error
from tests.acceptance.project import Ended, Project, Running

INDEX = """
version: "1.0"
namespace: app
entries:
  - {name: actors, kind: process.host, lifecycle: {auto_start: true, stop_timeout: 500ms}}
  - {name: wait, kind: process.lua, source: "return function() process.inbox():receive() end"}
  - name: deaf
    kind: process.lua
    source: "return function() process.events(); process.inbox():receive() end"
  - {name: work, kind: process.service, process: wait, host: "app:actors", lifecycle: {auto_start: true}}
  - name: more
    kind: process.service
    process: wait
    host: app:actors
    lifecycle: {auto_start: true, requires: [work]}
  - {name: resting, kind: process.service, process: wait, host: "app:actors", lifecycle: {requires: [also]}}
  - {name: also, kind: process.service, process: wait, host: "app:actors"}
  - {name: broken, kind: process.service, process: nowhere, host: "app:actors", lifecycle: {requires: [also]}}
  - {name: needs_broken, kind: process.service, process: wait, host: "app:actors", lifecycle: {requires: [crashing]}}
  - name: crashing
    kind: process.service
    process: nowhere
    host: app:actors
    lifecycle: {restart: {initial_delay: 50ms, max_attempts: 2}}
  - name: stubborn
    kind: process.service
    process: deaf
    host: app:actors
    lifecycle: {stop_timeout: 300ms}
  - {name: lacking, kind: process.service, process: wait, host: "app:actors", lifecycle: {requires: [gone]}}
"""


@pytest.fixture(scope="module")
def node(shared_project: Project) -> Running:
    shared_project.write("_index.yaml", INDEX)
    return shared_project.up()


def _states(node: Running) -> dict[str, str]:
    return {line["id"].removeprefix("app:"): line["state"] for line in node.client.services()}


def _service(node: Running, *words: str) -> Ended:
    return node.project.inside("service", *words)


def test_a_stopped_service_stays_stopped_until_it_is_started(node: Running) -> None:
    stopped = _service(node, "stop", "app:work")
    assert (stopped.code, stopped.out) == (0, "app:more stopped\napp:work stopped\n"), stopped.err
    assert node.log.index("app:more stopping") < node.log.index("app:work stopping")
    assert _service(node, "stop", "app:work").out == "app:work was not running; it stays so\n"
    assert {line["id"] for line in node.client.services() if line["held"]} == {"app:work", "app:more"}
    started = _service(node, "start", "app:more")
    assert (started.code, started.out) == (0, "app:work running\napp:more running\n"), started.err
    assert _service(node, "start", "app:more").out == "app:more is running\n"


def test_a_restart_brings_back_those_that_need_it(node: Running) -> None:
    before = {line["entry"]: line["pid"] for line in node.client.processes()}
    answer = _service(node, "restart", "app:work", "--json").json
    assert (answer["over"], answer["stopped"]) == (True, ["app:more", "app:work"])
    assert answer["started"] == ["app:work", "app:more"]
    assert [line["state"] for line in answer["services"]] == ["running", "running"]
    assert _states(node)["more"] == "running"
    assert before["app:wait"] not in {line["pid"] for line in node.client.processes()}


def test_a_start_starts_what_it_requires(node: Running) -> None:
    assert _states(node)["resting"] == "unknown"
    assert _service(node, "start", "app:resting").out == "app:also running\napp:resting running\n"


def test_a_start_that_fails_is_an_error_with_its_cause(node: Running) -> None:
    broken = _service(node, "start", "app:broken")
    assert broken.code == 1
    assert "app:nowhere" in broken.err
    needing = _service(node, "start", "app:needs_broken", "--json")
    assert needing.code == 1
    assert "needs app:crashing, which did not start" in needing.err
    assert needing.json["services"][0]["failure"]["kind"] == "Unavailable"
    lacking = _service(node, "start", "app:lacking")
    assert lacking.code == 1
    assert "got app:gone, which does not exist" in lacking.err


def test_who_does_not_stop_in_time_is_marked_failed(node: Running) -> None:
    assert _service(node, "start", "app:stubborn").code == 0
    stopped = _service(node, "stop", "app:stubborn")
    assert (stopped.code, stopped.out) == (1, "app:stubborn failed\n")
    assert "did not stop within its stop_timeout and was ended" in stopped.err
    assert _states(node)["stubborn"] == "failed"


def test_a_move_that_is_not_over_in_time_goes_on(node: Running) -> None:
    assert _service(node, "start", "app:stubborn").code == 0
    waited = _service(node, "stop", "app:stubborn", "--timeout", "50ms")
    assert waited.code == 6
    assert "app:stubborn is stopping; the node goes on with it" in waited.err
    node.until(lambda: _states(node)["stubborn"] == "failed")


def test_an_id_that_is_no_service_is_refused(node: Running) -> None:
    missing = _service(node, "start", "app:wrok")
    assert missing.code == 3
    assert "did you mean 'app:work'" in missing.err
    script = _service(node, "stop", "app:wait")
    assert script.code == 3
    assert "app:wait is a process.lua, which is no service" in script.err
    assert _service(node, "start", "app:work", "--timeout", "soon").code == 2


def test_clients_move_services_too(node: Running) -> None:
    assert node.client.stop_service("app:also")["stopped"] == ["app:resting", "app:also"]
    assert node.client.start_service("app:also", timeout=5)["started"] == ["app:also"]
    assert node.client.restart_service("app:also")["over"] is True
    with pytest.raises(Error, match="seconds from 0"):
        node.client.request("service.start", {"id": "app:also", "timeout": -1})


def test_a_host_is_a_service_with_those_that_run_on_it(node: Running) -> None:
    deaf = node.client.spawn("app:deaf", "app:actors")
    answer = _service(node, "restart", "app:actors", "--json").json
    assert answer["stopped"][-1] == answer["started"][0] == "app:actors"
    assert "app:work" in answer["started"]
    assert deaf not in {line["pid"] for line in node.client.processes()}
    assert "app:actors stopping → stopped" in node.log, "it ended who did not stop, in time"
    assert node.client.spawn("app:wait", "app:actors")
    assert _states(node)["work"] == "running"


def test_without_a_running_node_it_is_refused(project: Project) -> None:
    project.write("_index.yaml", INDEX)
    refused = project.inside("service", "stop", "app:work")
    assert refused.code == 6
    assert "no node runs on data directory" in refused.err
    assert "actorflow up" in refused.err
