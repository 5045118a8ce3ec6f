"""What clients ask meanwhile: starts and signals, at whichever node answers, again until they are acknowledged."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from threading import Event, Lock, Thread
from typing import Final

from actorflow.errors import ALREADY_EXISTS, NOT_FOUND, Error
from actorflow.run.state import ENDED
from actorflow.testing.invariant import Signal
from tests.chaos.world import Node

HOST: Final = "app:flows"
_PAUSE: Final = 0.05
_ONCE: Final = {"workflow.id_conflict_policy": "use_existing", "workflow.id_reuse_policy": "reject_duplicate"}


@dataclass
class Asked:
    """What was acknowledged."""

    starts: list[str] = field(default_factory=list)
    signals: list[Signal] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)


class Client:
    """A thread that starts orders and tells each to go on."""

    def __init__(self, number: int, nodes: list[Node], asked: Asked, seed: int) -> None:
        """Ask `nodes`; what they acknowledge goes into `asked`."""
        self._number = number
        self._nodes = nodes
        self._asked = asked
        self._random = Random(seed)
        self.stop = Event()
        self.gives_up = Event()
        self.thread = Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        place = 0
        while not self.stop.is_set():
            number = self._number * 100_000 + place
            self._order(number, "py" if place % 2 else "lua")
            place += 1

    def _order(self, number: int, language: str) -> None:
        workflow_id, entry = f"order-{number}-{language}", f"app:order_{language}"
        options = {"workflow.id": workflow_id, **_ONCE}
        pid = f"{{local@{HOST}|{workflow_id}}}"
        self._until(workflow_id, lambda node: node.client.spawn(entry, HOST, [number], options=options))
        with self._asked.lock:
            self._asked.starts.append(workflow_id)
        self._until(workflow_id, lambda node: node.client.send(pid, "go", number))
        with self._asked.lock:
            self._asked.signals.append(Signal(workflow_id, "go", number))

    def _until(self, workflow_id: str, ask: Callable[[Node], object]) -> None:
        """Ask until it is known to be done: who asks again may find that it was, and that the run has ended since."""
        while not self.gives_up.is_set():
            node = self._random.choice(self._nodes)
            try:
                ask(node)
            except Error as error:
                if error.kind == ALREADY_EXISTS or (error.kind == NOT_FOUND and _has_ended(node, workflow_id)):
                    return
            except OSError:
                pass
            else:
                return
            time.sleep(_PAUSE)
        raise SystemExit


def _has_ended(node: Node, workflow_id: str) -> bool:
    try:
        return node.client.run(workflow_id)["state"] in ENDED
    except (Error, OSError):
        return False
