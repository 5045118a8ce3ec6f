"""What scripts ask of the node itself, seen from outside: the exit code, and the metrics on the control socket."""

from __future__ import annotations

from contextlib import suppress

import pytest

from actorflow.errors import Error
from tests.acceptance.project import PATIENCE, Project

INDEX = """
    namespace: app
    entries:
      - {name: quit, kind: function.lua, source: file://quit.lua, method: main, modules: [system, metrics]}
      - {name: quit_py, kind: function.py, source: file://quit.py, method: main}
"""
LUA = """
    local function main(code)
      require("metrics").counter_inc("quits", {code = code})
      return require("system").exit(code)
    end
    return {main = main}
"""
PYTHON = """
    from actorflow.script import metrics, system

    async def main(code):
        metrics.counter_inc("quits", {"code": code})
        await system.exit(code)
        return True
"""


@pytest.mark.parametrize(("function", "code"), [("app:quit", 3), ("app:quit_py", 0)])
def test_a_script_ends_the_node_with_an_exit_code(project: Project, function: str, code: int) -> None:
    for name, text in (("_index.yaml", INDEX), ("quit.lua", LUA), ("quit.py", PYTHON)):
        project.write(name, text)
    node = project.up()
    assert node.client.request("metrics", {}) == []
    with suppress(Error):  # the node may be gone before it answers
        node.client.call(function, [code])
    assert node.process.wait(PATIENCE) == code
    assert "stopped" in node.log


def test_measurements_are_read_over_the_control_socket(project: Project) -> None:
    for name, text in (("_index.yaml", INDEX), ("quit.lua", LUA), ("quit.py", PYTHON)):
        project.write(name, text)
    node = project.up()
    with pytest.raises(Error, match="expected a whole number"):
        node.client.call("app:quit", ["no code"])
    (line,) = node.client.request("metrics", {})
    assert (line["name"], line["labels"], line["value"]) == ("quits", {"code": "no code"}, 1)
