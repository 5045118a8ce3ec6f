"""A project of a user: a directory with a registry, and the installed command run in it."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from actorflow.cli.main import main
from actorflow.errors import Error
from actorflow.node.control_client import ControlClient
from tests.stalls import stalled

COMMAND = str(Path(sys.executable).parent / "actorflow")
PATIENCE = 90
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("ACTORFLOW_")}


@dataclass
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass
class Project:
    """A registry in a directory of its own, and the commands run in it."""

    path: Path
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def write(self, name: str, text: str) -> None:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text).lstrip("\n"))

    def run(self, *arguments: str, **environment: str) -> Ended:
        done = subprocess.run(
            [*stalled(COMMAND), *arguments],
            cwd=self.path,
            env={**ENVIRONMENT, **environment},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def inside(self, *arguments: str) -> Ended:
        """Run a command in this process: a fifth of the time, for what needs no process of its own.

        One that needs it reads its input, is signalled, looks at its environment, or is about how processes end.
        """
        out, err, code = io.StringIO(), io.StringIO(), 0
        with _alone(self.path), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main(arguments)
            except SystemExit as ended:
                code = int(ended.code or 0)
        return Ended(code, out.getvalue(), err.getvalue())

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command and do not wait for it."""
        process = subprocess.Popen(
            [*stalled(COMMAND), *arguments],
            cwd=self.path,
            env=ENVIRONMENT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.processes.append(process)
        return process

    def up(self, *arguments: str, **environment: str) -> Running:
        """Start a node and wait until its services have been started."""
        with (self.path / "up.log").open("w") as log:
            process = subprocess.Popen(
                [*stalled(COMMAND), "up", *arguments],
                cwd=self.path,
                env={**ENVIRONMENT, **environment},
                stdout=log,
                stderr=log,
                text=True,
            )
        self.processes.append(process)
        node = Running(self, process)
        node.until(lambda: "ready after" in node.log)
        return node


@contextlib.contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Stand in a directory, with the environment that commands get, and nothing to read."""
    had = dict(os.environ)
    os.environ.clear()
    os.environ.update(ENVIRONMENT)
    given, sys.stdin = sys.stdin, io.StringIO()
    try:
        with contextlib.chdir(place):
            yield
    finally:
        sys.stdin = given
        os.environ.clear()
        os.environ.update(had)


@dataclass
class Running:
    """A node that runs."""

    project: Project
    process: subprocess.Popen[str]

    @property
    def client(self) -> ControlClient:
        return ControlClient(self.project.path / ".actorflow")

    @property
    def log(self) -> str:
        return (self.project.path / "up.log").read_text()

    def until(self, holds: Callable[[], Any]) -> Any:
        """Wait until `holds()` is true, and return it."""
        deadline = time.monotonic() + PATIENCE
        while not (found := holds()):
            assert self.process.poll() is None, f"the node ended with {self.process.returncode}:\n{self.log}"
            assert time.monotonic() < deadline, f"waited in vain; the node said:\n{self.log}"
            time.sleep(0.02)
        return found

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def state(self, run: str) -> str:
        try:
            return str(self.client.request("run.show", {"run": run})["state"])
        except Error:
            return "unknown"
