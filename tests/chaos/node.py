"""A node as a process of its own, which is killed, stopped and started again, and whose wall clock is set."""

from __future__ import annotations

import os
import secrets
import signal
import struct
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import IO, Any, Final

from actorflow.errors import Error
from actorflow.node.control_client import ControlClient
from actorflow.store.stores import DATABASE
from tests.chaos.database import Database
from tests.chaos.network import Network

REGISTRY: Final = Path(__file__).with_name("registry")
_PATIENCE: Final = 600.0
"""Seconds in which a node that is asked to stop has to end."""


class Node:
    """`actorflow up` for one name."""

    def __init__(self, name: str, folder: Path, prefix: list[str], environment: dict[str, str]) -> None:
        """Name it; nothing runs yet. `prefix` is what its command line begins with."""
        self.name = name
        self.stopped = False
        self.fell: Counter[int] = Counter()
        """How often it has ended though nobody has ended it, by exit code."""
        self._data = folder / name
        self._clock = folder / f"{name}.clock"
        self._log = folder / f"{name}.log"
        self._prefix = prefix
        self._environment = {**environment, "CHAOS_CLOCK": str(self._clock)}
        self._process: subprocess.Popen[bytes] | None = None
        self.client = ControlClient(self._data)
        self.set_clock(0)

    @property
    def runs(self) -> bool:
        """Whether there is a process, stopped or not."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it if it does not run, and do not wait for it."""
        if self.runs:
            return
        if self._process is not None:
            self.fell[self._process.returncode] += 1
        command = [
            *self._prefix,
            sys.executable,
            "-m",
            "tests.chaos.up",
            "up",
            str(REGISTRY),
            "--data",
            str(self._data),
        ]
        with self._log.open("ab") as log:
            self._process = self._began(command, log)

    def _began(self, command: list[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment)

    def stop(self) -> None:
        """Have it stand still (SIGSTOP)."""
        if self.runs and self._process is not None:
            self._process.send_signal(signal.SIGSTOP)
            self.stopped = True

    def go_on(self) -> None:
        """Have it go on, as if no time had passed."""
        if self.stopped and self._process is not None:
            self._process.send_signal(signal.SIGCONT)
        self.stopped = False

    def end(self, number: signal.Signals) -> int:
        """Send it a signal that ends it, and return its exit code; 0 when it does not run."""
        if self._process is None:
            return 0
        self.go_on()
        process = self._process
        if process.poll() is None:
            process.send_signal(number)
            code = process.wait(_PATIENCE)
            self._process = None  # whatever it said, it was asked to
            return code
        return process.returncode

    def set_clock(self, seconds: float) -> None:
        """Have its wall clock be ahead of the machine's."""
        with self._clock.open("wb") as file:
            file.write(struct.pack("q", int(seconds * 1e9)))

    def serves(self) -> bool:
        """Tell whether all of its services run."""
        try:
            return all(line["state"] == "running" for line in self.client.services())
        except (Error, OSError):
            return False

    def sees(self) -> list[str]:
        """Return how it sees the nodes of the mesh, itself included."""
        try:
            return sorted(str(line["state"]) for line in self.client.request("nodes", {}))
        except (Error, OSError):
            return []

    def said(self, most: int = 3000) -> str:
        """Return the end of what it has said."""
        return self._log.read_text(errors="replace")[-most:] if self._log.exists() else ""


def nodes(names: list[str], folder: Path, database: Database, network: Network) -> list[Node]:
    """Return nodes that share a database and know each other."""
    effects = folder / "effects"
    effects.mkdir(parents=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ACTORFLOW_")}
    shared = {
        **kept,
        "ACTORFLOW_NODE_SEEDS": ",".join(network.address(name) for name in names),
        "ACTORFLOW_NODE_SECRET": secrets.token_urlsafe(24),
        "CHAOS_EFFECTS": str(effects),
    }
    made = []
    for name in names:
        own = {"ACTORFLOW_NODE_NAME": name, "ACTORFLOW_NODE_LISTEN": network.address(name)}
        url = database.url_at(*network.door(name)).render_as_string(hide_password=False)
        environment = {**shared, **own, DATABASE: url, **network.environment(name)}
        made.append(Node(name, folder, network.command(name), environment))
    return made


def until(condition: Any, seconds: float) -> bool:
    """Wait until something is so, at most so many seconds; tells whether it is."""
    end = time.monotonic() + seconds
    while not (found := bool(condition())) and time.monotonic() < end:
        time.sleep(0.1)
    return found
