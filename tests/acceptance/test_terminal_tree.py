"""A tree with a terminal and commands, one of which runs the registered tests itself, as applications bring it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.project import Project

TREE = {
    "_index.yaml": """
        version: "1.0"
        namespace: app
        entries:
          - name: terminal
            kind: terminal.host
            lifecycle: {auto_start: true}
          - name: processes
            kind: process.host
            lifecycle: {auto_start: true}
          - name: runner
            kind: process.lua
            meta: {command: {name: test, short: Runs the tests}}
            source: file://runner.lua
            method: main
            modules: [io, registry, funcs, time]
          - name: good_test
            kind: function.lua
            meta: {type: test, suite: demo}
            source: file://good.lua
            method: main
            modules: [funcs, registry]
          - name: bad_test
            kind: function.lua
            meta: {type: test, suite: demo}
            source: "return function() return nil, errors.new({message = 'it is bad', kind = errors.INVALID}) end"
        """,
    "runner.lua": """
        local io, registry, funcs, time = require("io"), require("registry"), require("funcs"), require("time")

        local function is_wanted(id: string, filters: {string}): boolean
            for _, filter in ipairs(filters) do
                if not string.find(id, filter, 1, true) then return false end
            end
            return true
        end

        local function main(...): number
            if select("#", ...) ~= 0 then return 99 end
            local failed = 0
            local entries, err = registry.find({ ["meta.type"] = "test" })
            if err then return nil, err end
            table.sort(entries, function(a, b) return a.id < b.id end)
            for _, entry in ipairs(entries) do
                if is_wanted(entry.id, io.args()) then
                    local began = time.now()
                    local _, problem = funcs.call(entry.id)
                    local took = time.now():sub(began):milliseconds()
                    if problem then failed = failed + 1 end
                    io.print(entry.meta.suite, entry.id, problem and "FAIL " .. problem or "ok", took >= 0)
                end
            end
            io.write("failed: " .. failed .. "\\n")
            return failed > 0 and 1 or 0
        end

        return { main = main }
        """,
    "good.lua": """
        local registry = require("registry")

        local function main()
            local command = registry.get("app:runner").meta.command
            assert(command.name == "test" and command.short == "Runs the tests")
        end

        return { main = main }
        """,
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    for name, text in TREE.items():
        made.write(name, text)
    return made


def test_the_registered_tests_run_beside_the_terminal(project: Project) -> None:
    done = project.inside("test", ".", "--json")
    assert done.code == 1
    found = {line["id"]: (line["outcome"], line["message"].partition("\n")[0]) for line in done.lines[:-1]}
    assert found == {"app:bad_test": ("failed", "it is bad"), "app:good_test": ("passed", "")}, done.err
    assert done.lines[-1] == {"passed": 1, "failed": 1, "error": 0}


def test_a_command_of_the_tree_runs_them_too(project: Project) -> None:
    done = project.run("exec", "test", "_test")
    expected = ["demo\tapp:bad_test\tFAIL it is bad\ttrue", "demo\tapp:good_test\tok\ttrue", "failed: 1"]
    assert (done.code, done.out.splitlines()) == (1, expected), done.err
