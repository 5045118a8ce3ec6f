"""`actorflow exec`: terminal commands, driven as a user would, by pipes and from a terminal."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.project import COMMAND, ENVIRONMENT, PATIENCE, Ended, Project
from tests.stalls import stalled

INDEX = """
namespace: app
entries:
  - {name: terminal, kind: terminal.host, hide_logs: true}
  - {name: vocal, kind: terminal.host}
  - {name: actors, kind: process.host, lifecycle: {auto_start: true}}

  - name: greet
    kind: process.lua
    modules: [io]
    meta: {command: {name: greet, short: Greets whoever is named}}
    source: |
      local io = require("io")
      local function main()
        io.write("name", "? ")
        local name, err = io.readline()
        if err then
          io.eprint("nobody:", err)
          return 3
        end
        io.print("hello", name, #io.args())
        for _, arg in ipairs(io.args()) do io.print(arg) end
        io.flush()
        print("logged")
      end
      return { main = main }

  - name: sum
    kind: process.py
    meta: {command: {name: sum, short: Adds lines}}
    source: |
      from actorflow.script import io
      async def main():
          total = 0
          async for line in io.lines():
              total += int(line)
          await io.print("total", total, sep="=")
          await io.eprint("done")
          return total

  - name: code
    kind: process.lua
    modules: [io, json]
    meta: {command: {name: code}}
    source: "return function() return require('json').decode(require('io').args()[1]) end"
  - name: refuse
    kind: process.lua
    meta: {command: {name: refuse}}
    source: "return function() return nil, 'not today' end"
  - name: pieces
    kind: process.lua
    modules: [io]
    meta: {command: {name: pieces}}
    source: |
      local io = require("io")
      return function()
        local first = io.read(3)
        local line = io.read("l")
        local rest = io.read("*a")
        local none, err = io.read(10)
        local bad, why = io.read("x")
        io.print(first, line, #rest, none, err:kind(), why:kind())
      end
  - name: indirect
    kind: process.lua
    modules: [io, funcs]
    meta: {command: {name: indirect}}
    source: "return function() return require('funcs').call('app:writes') end"
  - name: writes
    kind: function.lua
    modules: [io]
    source: "return function() require('io').print('from a function') return 4 end"
  - name: no_terminal
    kind: process.lua
    modules: [io]
    source: "return function() return require('io').print('x') end"
  - name: obedient
    kind: process.lua
    modules: [io]
    meta: {command: {name: obedient}}
    source: |
      local io = require("io")
      return function()
        local events = process.events()
        io.print("waiting")
        local event = events:receive()
        io.print("stopping", event.kind, event.reason)
        return 7
      end
  - name: stubborn
    kind: process.lua
    modules: [io, time]
    meta: {command: {name: stubborn}}
    source: |
      local io, time = require("io"), require("time")
      return function()
        local events = process.events()
        io.print("waiting")
        events:receive()
        io.print("not yet")
        while true do time.sleep("1h") end
      end
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.write("_index.yaml", INDEX)
    return made


def run(project: Project, *arguments: str, given: str | bytes = "") -> Ended:
    data = given.encode() if isinstance(given, str) else given
    done = subprocess.run(
        [*stalled(COMMAND), "exec", *arguments],
        cwd=project.path,
        env=ENVIRONMENT,
        input=data,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


def test_a_command_reads_and_writes_by_pipes(project: Project) -> None:
    done = run(project, "greet", "--loud", "a b", "ü", given="Ada Lovelace\nmore\n")
    assert (done.code, done.out) == (0, "name? hello\tAda Lovelace\t3\n--loud\na b\nü\n")
    assert done.err == ""  # the host hides logs


def test_a_host_that_hides_no_logs_shows_them(project: Project) -> None:
    assert "logged" in run(project, "--host", "app:vocal", "greet", given="x\n").err


def test_the_end_of_the_input_is_an_error_that_says_so(project: Project) -> None:
    done = run(project, "greet")
    assert (done.code, done.out) == (3, "name? ")
    assert done.err == "nobody:\tEOF: the input has ended\n"


def test_a_python_command_does_the_same(project: Project) -> None:
    done = run(project, "sum", given="1\r\n2\n3")
    assert (done.code, done.out, done.err) == (6, "total=6\n", "done\n")


@pytest.mark.parametrize(("result", "code"), [("255", 255), ("false", 1)])
def test_the_result_is_the_exit_code(project: Project, result: str, code: int) -> None:
    assert run(project, "code", result).code == code


def test_a_command_that_fails_says_why_and_exits_1(project: Project) -> None:
    done = run(project, "refuse")
    assert (done.code, done.out) == (1, "")
    assert "not today" in done.err


def test_reading_in_pieces(project: Project) -> None:
    assert run(project, "pieces", given="abcdef\nsecond\nthird").out == "abc\tdef\t12\tnil\tUnavailable\tInvalid\n"


def test_functions_that_a_command_calls_have_the_terminal_too(project: Project) -> None:
    done = run(project, "indirect")
    assert (done.code, done.out) == (4, "from a function\n")


def test_whoever_has_no_terminal_is_told(project: Project) -> None:
    done = project.inside("spawn", "app:no_terminal", "--host", "app:actors", "--wait")
    assert "has no terminal" in done.err
    assert "terminal.host" in done.err


def test_without_a_name_the_commands_are_listed(project: Project) -> None:
    done = run(project)
    assert done.code == 0
    assert done.out.splitlines()[:2] == ["code      app:code", "greet     Greets whoever is named"]
    listed = run(project, "--json").json
    assert {"name": "sum", "short": "Adds lines", "entry": "app:sum"} in listed


def test_a_command_that_does_not_exist_is_not_found(project: Project) -> None:
    done = run(project, "gret")
    assert done.code == 3
    assert "did you mean 'greet'?" in done.err
    assert "there are: code, greet" in done.err


def test_a_host_without_a_terminal_is_refused(project: Project) -> None:
    done = run(project, "--host", "app:actors", "app:greet")  # an id will do as a name
    assert done.code == 2
    assert "app:actors is a process.host, expected a terminal.host" in done.err


def test_nobody_reads_any_more(project: Project) -> None:
    project.write(
        "more.yaml",
        """
        namespace: more
        name: flood
        kind: process.lua
        modules: [io]
        meta: {command: {name: flood}}
        source: |
          local io = require("io")
          return function()
            while true do
              local ok, err = io.write(("x"):rep(100000))
              if not ok then return err:kind() == "Unavailable" and 9 or 8 end
            end
          end
        """,
    )
    with subprocess.Popen(
        [*stalled(COMMAND), "exec", "flood"], cwd=project.path, env=ENVIRONMENT, stdout=subprocess.PIPE
    ) as command:
        assert command.stdout is not None
        assert command.stdout.read(1) == b"x"
        command.stdout.close()
        assert command.wait(PATIENCE) == 9


# ---- from a terminal ------------------------------------------------------------------------------------------------


class Terminal:
    """A pseudo-terminal with a command in it."""

    def __init__(self, project: Project, *arguments: str) -> None:
        self.master, slave = pty.openpty()
        command = ["setsid", "--ctty", *stalled(COMMAND), "exec", *arguments]
        self.process = subprocess.Popen(
            command, cwd=project.path, env=ENVIRONMENT, stdin=slave, stdout=slave, stderr=slave
        )
        os.close(slave)
        self.seen = b""

    def until(self, text: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while text.encode() not in self.seen:
            assert time.monotonic() < deadline, self.seen
            if select.select([self.master], [], [], 0.1)[0]:
                self.seen += os.read(self.master, 4096)

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def code(self) -> int:
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        os.close(self.master)


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        terminal.close()


def test_a_command_talks_to_a_user(project: Project, terminals: list[Terminal]) -> None:
    terminal = Terminal(project, "greet", "x")
    terminals.append(terminal)
    terminal.until("name? ")  # although no line has ended
    terminal.type("Grace\n")
    terminal.until("hello\tGrace\t1\r\n")
    assert terminal.code() == 0


def test_control_c_asks_the_command_to_stop(project: Project, terminals: list[Terminal]) -> None:
    terminal = Terminal(project, "obedient")
    terminals.append(terminal)
    terminal.until("waiting")
    terminal.type("\x03")
    terminal.until("stopping\tpid.cancel\tSIGINT")
    assert terminal.code() == 7


def test_a_second_control_c_ends_it(project: Project, terminals: list[Terminal]) -> None:
    terminal = Terminal(project, "stubborn")
    terminals.append(terminal)
    terminal.until("waiting")
    terminal.type("\x03")
    terminal.until("not yet")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.code() == 130
