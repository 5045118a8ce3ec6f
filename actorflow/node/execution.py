"""Running a process like a call: start it, wait for its end, and answer with that."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from actorflow.ports import Outcome, Reply, SpawnRequest

if TYPE_CHECKING:
    from actorflow.node.router import Router


class Execution:
    """One process somebody waits for. Its start may be answered later, and it may be given up before that."""

    __slots__ = ("_given_up", "_reason", "_reply", "_router", "_stop")

    def __init__(self, router: Router, reply: Reply, reason: str = "") -> None:
        """Wait for nothing yet. With a `reason` a process that is given up is asked to stop, else it goes on."""
        self._router = router
        self._reply = reply
        self._reason = reason
        self._given_up = False
        self._stop: Callable[[], None] | None = None

    def spawn(self, request: SpawnRequest) -> None:
        """Start the process and wait for its end."""
        self._router.spawn(request, self._started)

    def follow(self, pid: str) -> None:
        """Wait for the end of a process that has started."""
        unwatch = self._router.watch(pid, self._reply)

        def stop() -> None:
            unwatch()
            if self._reason:
                self._router.cancel(pid, "", self._reason, _ignored)

        self._stop = stop
        if self._given_up:
            stop()

    def give_up(self) -> None:
        """Wait no longer: no reply comes."""
        self._given_up = True
        if self._stop is not None:
            self._stop()

    def _started(self, outcome: Outcome) -> None:
        if outcome.failure is None:
            self.follow(outcome.value)
        elif not self._given_up:
            self._reply(outcome)


def _ignored(_outcome: Outcome) -> None:
    """Take a reply that nobody waits for."""
