"""The step debugger: a recorded run that is replayed fact by fact, forward and back, and looked at in between.

It is a copy like those of `copying`: nothing is performed or written. Going back is a replay of what came before, for a
machine cannot run backwards; a hundred steps of it take some milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, cast

from actorflow.errors import Error, invalid, not_found
from actorflow.machine.machine import Machine
from actorflow.run.event import JournalEvent, is_sound, payload_digest, superseded
from actorflow.run.rule import check_rules
from actorflow.run.verdict import DIVERGES, PARTLY, SAFE, Verdict
from actorflow.store.capsule import Capsule, started_with
from hosts.workflow.checking import Compile, Drivers, place_of, replayable
from hosts.workflow.copying import KeptMachine, effective
from hosts.workflow.driver import Divergence
from hosts.workflow.forking import AlikeDriver, GuardedAlikeDriver
from hosts.workflow.live import CorruptJournalError, LiveRun, feeds
from hosts.workflow.report import divergence_report
from hosts.workflow.start import is_first_feed_open

if TYPE_CHECKING:
    from actorflow.ports import Program

_STRICTLY: Final = Drivers()
_ALIKE: Final = Drivers(AlikeDriver, GuardedAlikeDriver)
"""Of a run whose values are withheld: what the script passes along is not what is recorded."""


class CapsuleRun(LiveRun):
    """A run whose machine can be looked at when it has ended, from a journal some of whose payloads are others now."""

    __slots__ = ("altered", "redacted")

    def keep(self, program: Program, capsule: Capsule) -> None:
        """Make the machine, and remember what of the journal is not as it was recorded."""
        self.machine.script.close()
        self.machine: Machine = KeptMachine(self.driver, program)
        self.altered = capsule.altered
        self.redacted = capsule.redacted

    def _verify(self, journal: Iterable[JournalEvent]) -> None:
        for event in journal:
            sound = event.seq in self.altered or is_sound(self.checksum, self.salt, event)
            if event.seq != self.seq + 1 or not sound:
                raise CorruptJournalError(self.seq + 1)
            self._pass(event)

    def _compare_end(self, end: JournalEvent | None) -> None:
        outcome = self.machine.outcome
        if self.redacted and end is not None and outcome is not None and self._end(outcome).kind == end.kind:
            return
        if end is not None and end.seq in self.altered and outcome is not None:
            asked = self._end(outcome)
            end = end._replace(digest=payload_digest(self.salt, asked.payload))
        super()._compare_end(end)


class Debugger:
    """A run at one of its steps; step 0 is before its first fact.

    Attributes:
        capsule: the run. steps: its facts, each with the records it led to, without those that a retry took back.
        position: how many steps have been taken. live: the run there.
        fault: why it cannot go on: a sentence or the two columns of a divergence, else "". fault_seq: where that is.
    """

    def __init__(self, capsule: Capsule, compile_: Compile) -> None:
        """Stand before the first step.

        Raises:
            Error: when the data of the run are deleted, or its source does not compile.
        """
        self.capsule = capsule
        self.journal = effective(capsule.held)
        self._payload = started_with(capsule)
        gone = superseded(self.journal)
        self.steps = [step for step in feeds(self.journal) if step[0].seq not in gone]
        self._program = compile_(capsule.bundle)
        check_rules(self._payload, self.journal)
        try:
            self._begin()
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise invalid(
                f"event 1 does not hold what the start of a run has: {type(error).__name__}: {error}"
            ) from error

    def _begin(self) -> None:
        capsule = self.capsule
        drivers, config = _ALIKE if capsule.redacted else _STRICTLY, {"limits": capsule.limits}
        host = capsule.held.row.host
        live = replayable(self._payload, capsule.bundle, self._program, host, config, kind=CapsuleRun, drivers=drivers)
        self.live = cast("CapsuleRun", live)
        self.live.keep(self._program, capsule)
        self.position = 0
        self.fault, self.fault_seq = "", 0
        self._facts = self._replayed()

    def _replayed(self) -> Iterator[int]:
        if is_first_feed_open(self.journal):
            self.live.feed_again(self.journal)
            yield 1
        else:
            yield from self.live.replay(self.journal)

    @property
    def seq(self) -> int:
        """The position in the journal of the last event of the step that was taken, 0 before the first."""
        if not self.position:
            return 0
        fact, recorded = self.steps[self.position - 1]
        return fact.seq + len(recorded)

    def forward(self) -> bool:
        """Take a step; False at the end of the journal, or where the script does not repeat it."""
        if self.fault or self.position == len(self.steps):
            return False
        self.position += 1
        try:
            next(self._facts)
        except Divergence as divergence:
            self._stop(divergence.recorded.seq if divergence.recorded is not None else self.live.seq)
            self.fault = self._withheld() or divergence_report(divergence, place_of(self.live))
        except CorruptJournalError as corrupt:
            self._stop(corrupt.seq)
            self.fault = f"{corrupt}; see `actorflow doctor`"
        except (Error, KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            self._stop(self.live.seq)
            self.fault = f"event {self.fault_seq} does not hold what its kind has: {type(error).__name__}: {error}"
        return not self.fault

    def _stop(self, seq: int) -> None:
        self.fault_seq = seq

    def _withheld(self) -> str:
        if not self.capsule.redacted:
            return ""
        return (
            f"event {self.fault_seq}: the script does something else with what stands for values that are withheld; "
            "a capsule of the whole run replays to its end"
        )

    def back(self) -> bool:
        """Go back to the step before; False at the beginning."""
        return self.position > 0 and self.goto(self.position - 1)

    def goto(self, step: int) -> bool:
        """Go to a step; False when the replay does not come that far."""
        if step < self.position:
            self.close()
            self._begin()
        while self.position < step and self.forward():
            pass
        return self.position == step and not self.fault

    def step_at(self, seq: int) -> int:
        """Return the step that a position in the journal belongs to.

        Raises:
            Error: kind NotFound, when the journal has no such position.
        """
        if not 0 <= seq <= len(self.journal):
            expected = f"expected 0 to {len(self.journal)}; `actorflow run history` lists them"
            raise not_found(f"there is no event {seq}: {expected}")
        return sum(fact.seq <= seq for fact, _ in self.steps)

    def verdict(self) -> Verdict:
        """Go to the end, and say whether the script repeats the journal."""
        self.goto(len(self.steps))
        if not self.fault:
            what = "values are withheld; with what stands for them " if self.capsule.redacted else ""
            return Verdict(SAFE, reason=f"{what}the source repeats the journal of {len(self.journal)} events")
        if self.capsule.redacted:
            return Verdict(PARTLY, self.fault_seq, self.fault)
        return Verdict(DIVERGES, self.fault_seq, "the source does not repeat the journal", self.fault)

    def close(self) -> None:
        """Drop the machine without running any more of its code."""
        self.live.driver.live = None
        machine: Any = self.live.machine
        machine.drop()
