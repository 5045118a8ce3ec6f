"""The driver of a run on Temporal: the journaling driver, whose records become commands of the SDK at once.

Temporal keeps the history and replays it by running the workflow code again. So this driver is always live: the same
facts lead to the same records, and the SDK compares what becomes of them with its history.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from actorflow.codec import encode
from actorflow.errors import invalid
from actorflow.ports import PENDING, Answer, Identity
from actorflow.value import DEFAULT_LIMITS, Limits, Value
from hosts.temporal.terms import updates
from hosts.workflow.driver import JournalDriver, Operator
from hosts.workflow.own.attrs import attrs
from hosts.workflow.own.continuing import Continuation
from hosts.workflow.own.version import DEFAULT_VERSION, check_version

if TYPE_CHECKING:
    from actorflow.notice import Notice

CONTINUE_ASKED: Final = "ContinueAsked"
"""Record of a run that wants to continue with another entry, which may not exist; only this host has it."""
_LACKING: Final[Mapping[str, str]] = {
    "workflow.pause": "Temporal has no pause; wait for a signal instead: process.inbox() or workflow.suspend",
    "workflow.wait_for": "Temporal has no state history to look at; let the other run send a signal",
    "workflow.approval": "approvals are kept in a store; wait for a signal or an update instead",
}


class TemporalDriver(JournalDriver):
    """The driver of one run.

    Attributes:
        replays: whether the SDK replays: then nothing is logged again. length, bytes: of the history so far.
        indexed: the search attributes that the cluster had when the run began, with their types.
        patched: says which of several versions of a change the history goes through, by the change and a number.
    """

    __slots__ = ("bytes", "indexed", "length", "patched", "replays")

    def __init__(
        self,
        identity: Identity,
        run_id: str,
        seed: bytes,
        operator: Operator,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        """Make the driver of a run that has done nothing yet."""
        super().__init__(identity, run_id, seed, limits, operator)
        self.replays = False
        self.indexed: Mapping[str, int] = {}
        self.length = self.bytes = 0
        self.patched: Callable[[str], bool] = _live

    @property
    def identity(self) -> Identity:
        """Who the run is."""
        facts: dict[str, Any] = self.who.workflow  # type: ignore[assignment] # made for this run alone
        facts["history_length"], facts["history_size"] = self.length, self.bytes
        return self.who

    def perform(self, ref: int, operation: str, args: tuple[Any, ...]) -> Answer:
        """Serve an operation, or refuse one that Temporal has nothing for.

        Raises:
            Error: kind Invalid, naming what to use instead.
        """
        if operation in _LACKING:
            raise invalid(f"{operation} is not available on a temporal.worker: {_LACKING[operation]}")
        if operation == "workflow.version":
            return self._version(ref, args)
        if operation == "workflow.attrs":
            return self._attributes(ref, args)
        if operation == "upgrade":
            return self._continue(ref, args)
        return super().perform(ref, operation, args)

    def note(self, level: str, text: str, fields: Mapping[str, Value]) -> None:
        """Write a log line, once: not again on replay."""
        if not self.replays:
            self.operator.note(self.who.pid, level, text, fields)

    def notice(self, notice: Notice) -> None:
        """Pass a notice on, once: not again on replay."""
        if not self.replays:
            self.operator.notice(notice)

    def _version(self, ref: int, args: tuple[Any, ...]) -> int:
        """Answer which version of a change this run goes through: the newest live, on replay that of the history."""
        if self.live is not None:
            self.live.take_back(ref)  # a call that is put into a script must not renumber what follows
        change, least, most = check_version(args)
        if self.versions is None:
            self.versions = {}
        known = self.versions.get(change)
        if known is None:
            newer = (number for number in range(most, max(least, DEFAULT_VERSION + 1) - 1, -1))
            known = next(
                (number for number in newer if self.patched(f"{change}:{number}")), max(least, DEFAULT_VERSION)
            )
            self.versions[change] = known
        if not least <= known <= most:
            asked = f"workflow.version({change!r}, {least}, {most})"
            raise invalid(f"{asked}: this run goes through version {known}, which this code no longer supports")
        return known

    def _attributes(self, ref: int, args: tuple[Any, ...]) -> Answer:
        """Say what the run is found by; the cluster must have known the search attributes when the run began."""
        given = args[0] if args else None
        if isinstance(given, Mapping) and isinstance(given.get("search"), Mapping):
            updates(given["search"], self.indexed)
        answer = attrs(self, ref, args)
        self.described = None
        return answer

    def _continue(self, ref: int, args: tuple[Any, ...]) -> Answer:
        """End the run here and go on as a new one; whether another entry can be started is asked first."""
        entry = args[0] or self.who.entry
        if not isinstance(entry, str):
            raise invalid(f"process.upgrade: got {entry!r:.80}, expected the id of an entry, or nothing for its own")
        if entry != self.who.entry:
            return self.ask(CONTINUE_ASKED, ref, entry, list(args[1:]))
        self.go_on(entry, list(args[1:]))
        return PENDING

    def go_on(self, entry: str, args: list[Value]) -> None:
        """Stop the machine; who feeds it lets the run continue as a new one."""
        self.continuation = Continuation(entry, encode(args, self.limits))
        if self.live is not None:
            self.live.stop()


class CopyDriver(TemporalDriver):
    """The driver of a copy that is made to be looked at: it logs nothing, and knows what the run has decided."""

    __slots__ = ()

    def note(self, level: str, text: str, fields: Mapping[str, Value]) -> None:
        """Write no log line."""

    def notice(self, notice: Notice) -> None:
        """Pass nothing on."""


def _live(_name: str) -> bool:
    return True
