"""`actorflow test` and `actorflow check`."""

from __future__ import annotations

import signal

import pytest

from tests.acceptance.project import Project
from tests.acceptance.registry import BROKEN, FILES, INDEX

TESTS = """
namespace: tests
entries:
  - {name: passes, kind: function.py, meta: {type: test, suite: good}, source: file://t.py, method: passes}
  - {name: nothing, kind: function.lua, meta: {type: test, suite: good}, source: "return function() end"}
  - {name: asserts, kind: function.py, meta: {type: test, suite: bad}, source: file://t.py, method: asserts}
  - {name: falsy, kind: function.lua, meta: {type: test, suite: bad}, source: "return function() return false end"}
  - {name: second, kind: function.lua, meta: {type: test, suite: bad}, source: "return function() return 1, 'no' end"}
  - {name: slow, kind: function.py, meta: {type: test, suite: ugly, timeout: 100ms}, source: file://t.py, method: slow}
  - {name: missing, kind: function.py, meta: {type: test, suite: ugly}, source: file://nowhere.py}
  - {name: no_lua, kind: function.lua, meta: {type: test, suite: ugly}, source: "return function( end"}
  - {name: no_time, kind: function.lua, meta: {type: test, suite: ugly, timeout: soon}, source: "return function() end"}
  - {name: timed, kind: function.lua, meta: {type: test, suite: bad, timeout: 5}, source: "return function() return nil, errors.new({message = 'late', kind = 'Timeout'}) end"}
  - {name: plain, kind: function.py, source: file://t.py, method: passes}
"""
T_PY = """
import trio

def passes():
    return True

def asserts():
    assert 1 == 2, "one is not two"

async def slow():
    await trio.sleep(60)
"""


@pytest.fixture(scope="module")
def suite(shared_project: Project) -> Project:
    shared_project.write("_index.yaml", TESTS)
    shared_project.write("t.py", T_PY)
    return shared_project


def test_each_test_is_a_line_and_then_the_counts(suite: Project) -> None:
    tested = suite.inside("test", ".", "--json")
    assert tested.code == 1
    *lines, counts = tested.lines
    assert counts == {"passed": 2, "failed": 4, "error": 4}
    outcomes = {line["id"]: line["outcome"] for line in lines}
    assert outcomes == {
        "tests:asserts": "failed",
        "tests:falsy": "failed",
        "tests:missing": "error",
        "tests:no_lua": "error",
        "tests:no_time": "error",
        "tests:nothing": "passed",
        "tests:passes": "passed",
        "tests:second": "failed",
        "tests:slow": "error",
        "tests:timed": "failed",
    }
    assert all(set(line) == {"id", "suite", "outcome", "seconds", "message"} for line in lines)
    messages = {line["id"]: line["message"] for line in lines}
    assert "one is not two" in messages["tests:asserts"]
    assert "no" in messages["tests:second"]
    assert "nowhere.py" in messages["tests:missing"]
    assert "soon" in messages["tests:no_time"]
    assert [line["suite"] for line in lines if line["id"] == "tests:slow"] == ["ugly"]
    assert list(outcomes) == sorted(outcomes), "one after another, by id"
    assert not (suite.path / ".actorflow").exists()


def test_filters_choose_by_id_and_suite(suite: Project) -> None:
    assert suite.inside("test", ".", "good", "-j", "2").code == 0
    assert suite.inside("test", ".", "tests:pass*", "--json").lines[-1] == {"passed": 1, "failed": 0, "error": 0}
    assert suite.inside("test", ".", "no such").code == 3


def test_check_accepts_what_is_good(project: Project) -> None:
    project.write("_index.yaml", INDEX)
    for name, text in FILES.items():
        project.write(name, text)
    checked = project.inside("check", ".")
    assert checked.code == 0, checked.out
    assert " 0 wrong" in checked.out


def test_check_names_all_that_is_wrong(project: Project) -> None:
    project.write("_index.yaml", INDEX)
    for name, text in FILES.items():
        project.write(name, text)
    project.write("bad/_index.yaml", BROKEN)
    project.write("wait.py", "import time, socket\nasync def main() -> Project:\n    return time.time()\n")
    checked = project.inside("check", ".", "--json")
    assert checked.code == 1
    faults = {fault["entry"] for fault in checked.json["faults"]}
    assert {"bad:missing_source", "bad:wrong_type", "bad:misspelled"} <= faults
    found = {(finding["file"].rpartition("/")[2], finding["line"]) for finding in checked.json["findings"]}
    assert ("wait.py", 1) in found
    assert any(file == "_index.yaml" for file, _ in found), "the Lua source that does not compile"


def test_check_counts_entries_and_up_lists_what_does_not_compile(project: Project) -> None:
    lines = "  - {name: bad, kind: process.lua, source: 'return function( end'}\n"
    lines += "  - {name: worse, kind: function.py, source: 'def main(:'}\n"
    lines += "  - {name: one, kind: process.lua, source: 'local a = 1', modules: [nope, neither], extra: 1}\n"
    project.write("_index.yaml", "namespace: x\nentries:\n" + lines)
    checked = project.inside("check", ".")
    assert checked.code == 1
    assert "3 entries, 3 wrong, 1 worth a look" in checked.out
    assert project.inside("check", ".", "--json").json["wrong"] == 3
    node = project.up()
    assert "fault: x:bad: " in node.log
    assert "fault: x:worse: " in node.log
    assert "3 entries, 3 broken" in node.log


def test_metrics_are_printed(project: Project) -> None:
    project.write(
        "_index.yaml",
        """
        namespace: x
        entries:
          - {name: f, kind: function.lua, modules: [metrics], source: "return function() metrics.counter_inc('made', {a = 'b'}) end"}
        """,
    )
    assert project.inside("metrics").code == 6
    project.up()
    assert project.inside("call", "x:f").code == 0
    assert [(line["name"], line["state"]) for line in project.inside("nodes", "--json").json] == [("local", "self")]
    assert project.inside("metrics").out == '# TYPE made counter\nmade{a="b"} 1\n'
    assert project.inside("metrics", "--json").json == [
        {"type": "counter", "name": "made", "labels": {"a": "b"}, "value": 1}
    ]


def test_show_says_what_a_run_waits_for(project: Project) -> None:
    project.write("_index.yaml", INDEX)
    for name, text in FILES.items():
        project.write(name, text)
    node = project.up()
    project.inside("spawn", "app:wait_py", "A", "--host", "app:flows", "--id", "one")
    node.until(lambda: node.state("one") == "waiting")
    shown = project.inside("run", "show", "one", "--json").json
    assert shown["waits"] == project.inside("run", "why", "one", "--json").json["reasons"] != []
    node.end(signal.SIGTERM)
    assert "no node serves it" in project.inside("run", "show", "one").out


def test_check_exits_2_when_a_file_does_not_parse(project: Project) -> None:
    project.write("_index.yaml", "namespace: x\nentries: {")
    checked = project.inside("check", ".", "--json")
    assert checked.code == 2
    assert checked.json["faults"][0]["scope"] == "file"


def test_check_takes_notices_as_faults_when_strict(project: Project) -> None:
    project.write("_index.yaml", "namespace: x\nentries:\n  - {name: a, kind: process.host, extra: 1}\n")
    assert project.inside("check", ".").code == 0
    assert project.inside("check", ".", "--strict").code == 1
