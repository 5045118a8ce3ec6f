"""The node of the demonstration: a child process that is killed and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Final

from actorflow.errors import Error, unavailable
from actorflow.node.control_client import ControlClient

_START_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.05


class ChildNode:
    """`actorflow up` on a directory, as a process of its own."""

    def __init__(self, directory: Path, data: Path) -> None:
        """Name the registry and the data directory; nothing runs yet."""
        self._directory = directory
        self._data = data
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None
        self.client = ControlClient(data)

    @property
    def log(self) -> Path:
        """The file that the node's output goes to."""
        return self._data.parent / "node.log"

    def start(self) -> float:
        """Start the node and wait until it answers; returns how many seconds that took.

        Raises:
            Error: kind Unavailable, with the end of its output, when it does not come up.
        """
        began = time.monotonic()
        self._log = self.log.open("ab")
        command = [sys.executable, "-m", "actorflow.cli.main", "up", str(self._directory), "--data", str(self._data)]
        environment = {**os.environ, "SHOP_DATA": str(self._data.parent / "shop")}
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
            command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, env=environment
        )
        while time.monotonic() - began < _START_SECONDS and self._process.poll() is None:
            try:
                self.client.services()
            except Error:
                time.sleep(_POLL_SECONDS)
            else:
                return time.monotonic() - began
        tail = self.log.read_text(errors="replace")[-2000:]
        message = f"the node did not come up; its output ends:\n{tail}"
        raise unavailable(message)

    def kill(self) -> None:
        """Kill the node at once: SIGKILL, nothing is flushed."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask the node to stop and return its exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        if self._process is None:
            return 0
        self._process.send_signal(number)
        code = self._process.wait(timeout=_START_SECONDS)
        self._process = None
        if self._log is not None:
            self._log.close()
        return code
