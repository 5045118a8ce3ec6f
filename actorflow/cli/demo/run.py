"""The course of the demonstration: start, send orders, kill, start again, finish, prove."""

from __future__ import annotations

import random
import secrets
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from actorflow.cli.demo.child import ChildNode
from actorflow.cli.demo.ledger import Ledger, check
from actorflow.cli.demo.orders import read_orders
from actorflow.cli.demo.screen import Progress, print_history, print_ledger, print_outcomes, print_violations
from actorflow.errors import Error, invalid

_CALLS_OPEN: Final = 50
"""A kill waits until at least this many calls are open."""
_TICK: Final = 0.05
_PATIENCE: Final = 120.0
"""Seconds until the demonstration gives up waiting."""
_BATCH: Final = 25
_TERMINAL: Final = frozenset({"completed", "failed", "cancelled"})


class Demo:
    """One demonstration. `run` returns 0 if everything happened exactly as promised, else 1."""

    def __init__(self, directory: Path, kills: int, seed: int | None, console: Console) -> None:
        """Read the orders; nothing runs yet.

        Raises:
            Error: kind Invalid, when the directory is not the example application's.
        """
        source = directory / "orders.jsonl"
        if not source.exists():
            message = (
                f"{source}: not found; the demo runs the example application, from a checkout: actorflow demo config"
            )
            raise invalid(message)
        self.orders = read_orders(source)
        self.kills = kills
        self.seed = secrets.randbelow(2**32) if seed is None else seed
        self._random = random.Random(self.seed)  # noqa: S311 - it picks moments, no secrets
        self._console = console
        self._folder = Path(tempfile.mkdtemp(prefix="actorflow-demo-"))
        self._node = ChildNode(directory, self._folder / "data")
        self.ledger = Ledger(self._folder / "shop" / "ledger.jsonl")
        self._killed = 0

    def run(self) -> int:
        """Run it."""
        say = self._console.print
        say(f"{len(self.orders)} orders, {self.kills} kill(s), seed {self.seed}; files in {self._folder}")
        try:
            say(f"node started in {self._node.start():.1f} s")
            with Progress(self._console, len(self.orders)) as progress:
                self._process_all(progress)
            code = self._prove()
        finally:
            self._node.stop()
        if code == 0:
            shutil.rmtree(self._folder, ignore_errors=True)
        return code

    def _process_all(self, progress: Progress) -> None:
        self._send_missing()
        self._extras()
        next_kill = self._moment()
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            self.ledger.refresh()
            runs = self._runs()
            states = Counter(run["state"] for run in runs.values())
            finished = sum(states[state] for state in _TERMINAL)
            progress.update(states, self.ledger, self._killed, self._restarts())
            if self._killed < self.kills and time.monotonic() >= next_kill and self._kill(progress):
                next_kill = self._moment()
            elif finished == len(self.orders) and self._killed >= self.kills:
                return
            time.sleep(_TICK)
        raise self._gave_up()

    def _gave_up(self) -> Error:
        runs = self._runs()
        states = ", ".join(
            f"{count} {state}" for state, count in Counter(run["state"] for run in runs.values()).items()
        )
        why = next((f"; {name}: {run['reason']}" for name, run in runs.items() if run["reason"]), "")
        output = f"the node's output is in {self._node.log}"
        return Error(f"gave up after {_PATIENCE:.0f} s with {self._killed} kills, {states}{why}; {output}", "Timeout")

    def _moment(self) -> float:
        return time.monotonic() + self._random.uniform(0.05, 0.8)

    def _kill(self, progress: Progress) -> bool:
        """Kill the node if enough calls are open, start it again, and send what it had not accepted."""
        self.ledger.refresh()
        remaining = self.kills - self._killed
        if self.ledger.open < _CALLS_OPEN:
            return False
        opened = self.ledger.open
        self._node.kill()
        self._killed += 1
        self.ledger.refresh()
        self.ledger.forget_open()
        progress.say(f"kill -9 number {self._killed} with {opened} calls open ({remaining - 1} to come)")
        progress.say(f"node is back after {self._node.start():.1f} s and goes on")
        self._send_missing()
        return True

    def _send_missing(self) -> None:
        """Send every order that has no workflow yet to the desk: what it had not accepted may be lost."""
        known = self._runs()
        missing = [order for order in self.orders if order["id"] not in known]
        for start in range(0, len(missing), _BATCH):
            self._when_up("desk", "orders", {"orders": missing[start : start + _BATCH]})

    def _when_up(self, name: str, topic: str, payload: Any) -> None:
        """Send to a registered actor, waiting for its supervisor to bring it up."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                self._node.client.send(name, topic, payload)
            except Error:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_TICK)
            else:
                return

    def _extras(self) -> None:
        """Start an approval and an onboarding beside the orders, and approve the approval by its PID."""
        client = self._node.client
        pid = client.spawn(
            "shop:approval", "shop:workflows", [{"subject": "new truck"}], options={"workflow.id": "truck"}
        )
        client.send(pid, "approve", {"by": "the demo"})
        client.spawn("shop:onboarding", "shop:workflows", [{"id": "customer-1", "pause": "2s"}])

    def _runs(self) -> dict[str, Any]:
        rows = self._node.client.request("runs", {"limit": 10_000})
        ids = {order["id"] for order in self.orders}
        return {row["workflow_id"]: row for row in rows if row["workflow_id"] in ids}

    def _restarts(self) -> int:
        return sum(service.get("restarts", 0) for service in self._node.client.services())

    def _prove(self) -> int:
        runs = self._runs()
        self.ledger.refresh()
        results = {run_id: self._node.client.request("run.show", {"run": run_id}) for run_id in runs}
        wrong = print_outcomes(self._console, self.orders, results)
        sample = next(order["id"] for order in self.orders if order["card"] == "flaky")
        print_history(self._console, sample, self._node.client.request("run.history", {"run": sample}))
        verdict = check(self.orders, self._folder / "shop", self.ledger, self.kills)
        print_ledger(self._console, self.ledger, verdict)
        violations = wrong + verdict.violations
        print_violations(self._console, violations, self._folder)
        return 1 if violations else 0
