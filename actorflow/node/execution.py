"""Running a process like a call: start it, wait for its end, and answer with that."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from actorflow.ports import CallRequest, Outcome, Reply, SpawnRequest, Started

if TYPE_CHECKING:
    from actorflow.node.router import Router


class Execution:
    """One process somebody waits for. Its start may be answered later, and it may be given up before that."""

    __slots__ = ("_call", "_given_up", "_pid", "_reason", "_reply", "_router", "_unwatch")

    def __init__(self, router: Router, reply: Reply, reason: str = "", call: CallRequest | None = None) -> None:
        """Wait for nothing yet. With a `reason` a process that is given up is asked to stop, else it goes on.

        `call` is what it serves: when that is to end late, the reply comes although it was given up.
        """
        self._router = router
        self._call = call
        self._reply = reply
        self._reason = reason
        self._given_up = False
        self._pid = ""
        self._unwatch: Callable[[], None] | None = None

    def spawn(self, request: SpawnRequest) -> None:
        """Start the process and wait for its end."""
        self._router.spawn(request, self._started)

    def follow(self, pid: str) -> None:
        """Wait for the end of a process that has started."""
        self._unwatch = self._router.watch(pid, self._reply)
        self._pid = pid
        if self._given_up:
            self._stop()

    def give_up(self) -> None:
        """Wait no longer: no reply comes, unless the call is to end late."""
        self._given_up = True
        if self._pid:
            self._stop()

    def _stop(self) -> None:
        if self._unwatch is not None and not self._is_late:
            self._unwatch()
        if self._reason:
            self._router.cancel(self._pid, "", self._reason, _ignored)

    def _started(self, outcome: Outcome) -> None:
        if isinstance(outcome, Started) and outcome.lives and not self._given_up:
            self._pid = outcome.value
            self._unwatch = self._router.watch_living(self._pid, self._reply)
        elif outcome.failure is None:
            self.follow(outcome.value)
        elif not self._given_up or self._is_late:
            self._reply(outcome)

    @property
    def _is_late(self) -> bool:
        return self._call is not None and self._call.late


def _ignored(_outcome: Outcome) -> None:
    """Take a reply that nobody waits for."""
