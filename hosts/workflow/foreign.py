"""Runs that other nodes turn, and whose end somebody here wants to hear of: which run of an id is meant.

The end of such a run is seen some time after it came. By then its id may be another run's, for which somebody waits,
too. So it is remembered which run an id had when it was asked for last: whoever asks and finds another one sees that
those before him waited for one that has ended, and they are told at once.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

from actorflow.errors import Error
from actorflow.run.state import OPEN
from hosts.workflow.faults import row_outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from actorflow.ports import Outcome
    from hosts.workflow.engine import Engine
    from hosts.workflow.host import WorkflowHost


class Foreign:
    """What one engine has found of runs that are not its own.

    Attributes:
        waits: called when somebody waits for one of them: its end may come soon.
    """

    def __init__(self, engine: Engine) -> None:
        """Have found nothing."""
        self._engine = engine
        self._found: dict[str, tuple[int, str]] = {}  # PID → number and id of its newest run
        self._runs = Counter[int]()  # the numbers of those runs, each by how many PIDs it was found
        self.waits: Callable[[], None] = lambda: None

    def standing(self, host: WorkflowHost, workflow_id: str) -> Outcome | bool:
        """Tell whether the newest run of this id is open, or how it ended; False when there is none."""
        row = self._engine.stored.find(workflow_id)
        if row is None:
            return False
        if row.state not in OPEN and row.result is not None:
            return row_outcome(row)
        pid = host.pid_of(workflow_id)
        before = self._found.get(pid)
        if before is None or before[0] != row.run:
            self._note(pid, (row.run, row.run_id))
        if before is not None and before[0] != row.run:
            self._tell(pid, before[1])
        if row.state in OPEN and not host.owns(row.run):
            self._ask(row.run)
        return True

    def _note(self, pid: str, found: tuple[int, str] | None) -> None:
        """Take down which run a PID has now; None for one that nobody asks for."""
        before = self._found.pop(pid, None)
        if before is not None:
            self._runs[before[0]] -= 1
            if not self._runs[before[0]]:
                del self._runs[before[0]]
        if found is not None:
            self._found[pid] = found
            self._runs[found[0]] += 1

    def _ask(self, run: int) -> None:
        """Have its node tell of its end, and look for that soon: it may have come before the other node hears of it."""
        with suppress(Error):
            self._engine.stored.await_end(run)
        self.waits()

    def has(self, runs: Collection[int]) -> bool:
        """Tell whether some of these runs were found."""
        return any(run in self._runs for run in runs)

    def is_over(self, pid: str, run: int) -> bool:
        """Tell whether those who waited for a run were told of its end: who waits for its PID now means a later one."""
        found = self._found.get(pid)
        return found is not None and run < found[0]

    def keep(self, known: set[str]) -> None:
        """Forget the PIDs for whose end nobody waits any more; `known` are the others."""
        for pid in self._found.keys() - known:
            self._note(pid, None)

    def _tell(self, pid: str, run_id: str) -> None:
        """Tell who waited for a run of its end, unless it went on as the one that there is now."""
        ended = self._engine.stored.ended(run_id)
        if ended is not None:
            self._engine.node.exited(pid, row_outcome(ended), durable=True)
