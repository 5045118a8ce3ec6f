"""What clients ask meanwhile: starts, signals and cancels, at whichever node answers, again until acknowledged."""

from __future__ import annotations

import time
from collections.abc import Callable
from random import Random
from threading import Event, Thread
from typing import Any, Final

from actorflow.errors import ALREADY_EXISTS, CONFLICT, NOT_FOUND, Error
from actorflow.run.state import ENDED
from actorflow.testing.invariant import Signal
from tests.chaos.asked import SIGNALS, Asked, Expected, guarded, nap, order, refund
from tests.chaos.node import Node

HOST: Final = "app:flows"
_TILLS: Final = 4
_KINDS: Final = {"order": 5, "guarded": 2, "nap": 2, "refund": 2}
_PAUSE: Final = 0.05
_TIMEOUTS: Final = (5.0, 10.0, 20.0, 40.0)
"""Seconds that a node has for its answer, the first time, the second, and so on: it may stand still, or be slow."""
_ONCE: Final = {"workflow.id_conflict_policy": "use_existing", "workflow.id_reuse_policy": "reject_duplicate"}


class Client:
    """A thread that starts runs of all kinds and tells each to go on."""

    def __init__(self, number: int, nodes: list[Node], asked: Asked, seed: int) -> None:
        """Ask `nodes`; what they acknowledge goes into `asked`."""
        self._number = number
        self._nodes = nodes
        self._asked = asked
        self._random = Random(seed)
        self.unanswered = ""
        """What it asked last when it gave up."""
        self.stop = Event()
        self.gives_up = Event()
        self.thread = Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        place = 0
        while not self.stop.is_set():
            number = self._number * 100_000 + place
            kind = self._random.choices(list(_KINDS), list(_KINDS.values()))[0]
            getattr(self, f"_{kind}")(number, "py" if place % 2 else "lua")
            place += 1

    def _order(self, number: int, language: str) -> None:
        workflow_id = self._start("order", number, language, [number, SIGNALS], order(number))
        for item in range(1, SIGNALS + 1):
            pid = _pid(workflow_id)
            if self._until(workflow_id, "send", {"pid": pid, "topic": "item", "payloads": [item]}):
                with self._asked.lock:
                    self._asked.signals.append(Signal(workflow_id, "item", item))

    def _guarded(self, number: int, language: str) -> None:
        till = self._random.randrange(_TILLS)
        self._start("guarded", number, language, [{"till": till, "number": number}], guarded(number, till))

    def _nap(self, number: int, language: str) -> None:
        milliseconds = self._random.choice((100, 1000, 5000))
        self._start("nap", number, language, [number, milliseconds], nap(number, milliseconds))

    def _refund(self, number: int, language: str) -> None:
        workflow_id = self._start("refund", number, language, [number], refund(number))
        time.sleep(self._random.choice((0.0, 0.1, 1.0)))
        if self._until(workflow_id, "cancel", {"pid": _pid(workflow_id), "reason": "no longer wanted"}):
            with self._asked.lock:
                self._asked.cancelled.add(workflow_id)

    def _start(self, kind: str, number: int, language: str, args: list[Any], expected: Expected) -> str:
        workflow_id = f"{kind}-{number}-{language}"
        options = {"workflow.id": workflow_id, **_ONCE}
        given = {"entry": f"app:{kind}_{language}", "host": HOST, "args": args, "options": options}
        self._until(workflow_id, "spawn", given)
        with self._asked.lock:
            self._asked.runs[workflow_id] = expected
        return workflow_id

    def _until(self, workflow_id: str, verb: str, args: dict[str, Any]) -> bool:
        """Ask until it is acknowledged; tells whether it was: who asks again may find that the run has ended since."""
        tried = 0
        while not self.gives_up.is_set():
            node = self._random.choice(self._nodes)
            timeout = _TIMEOUTS[min(tried, len(_TIMEOUTS) - 1)]
            tried += 1
            try:
                node.client.request(verb, args, timeout)
            except Error as error:
                if error.kind == ALREADY_EXISTS:
                    return True
                if error.kind in {NOT_FOUND, CONFLICT} and _ended(node, workflow_id):
                    return False
            except OSError:
                pass
            else:
                return True
            time.sleep(_PAUSE)
        self.unanswered = f"{verb} {workflow_id} was never answered"
        raise SystemExit


def until_one(nodes: list[Node], ask: Callable[[Node], object], seconds: float) -> bool:
    """Ask one node after another until one has done it; tells whether one has."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for node in nodes:
            try:
                ask(node)
            except (Error, OSError):
                time.sleep(_PAUSE)
            else:
                return True
    return False


def _pid(workflow_id: str) -> str:
    return f"{{local@{HOST}|{workflow_id}}}"


def _ended(node: Node, workflow_id: str) -> bool:
    try:
        return node.client.run(workflow_id)["state"] in ENDED
    except (Error, OSError):
        return False
