"""What an engine asks its store about runs that it does not have in memory, on the thread of the node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actorflow.run.lease import FENCED
from actorflow.run.state import OPEN
from actorflow.store.departed import left
from hosts.workflow.faults import no_run, row_outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actorflow.errors import Failure
    from actorflow.ports import Outcome
    from actorflow.run.turn import OpenRun, RunRow
    from actorflow.store.port import Reader
    from actorflow.store.writer import AnyWriter


class Stored:
    """Single rows of a store; its reader is opened with the first question."""

    def __init__(self, writer: AnyWriter) -> None:
        """Ask the store of a writer."""
        self._writer = writer
        self._opened: Reader | None = None

    @property
    def _reader(self) -> Reader:
        if self._opened is None:
            self._opened = self._writer.reader()
        return self._opened

    def outcome(self, workflow_id: str) -> Outcome | bool:
        """Return how the newest run of this id ended, as the store has it, or False."""
        row = self._reader.find(workflow_id)
        return False if row is None or row.result is None else row_outcome(row)

    def find(self, run_id: str) -> RunRow | None:
        """Return the row of a run as the store has it, None when there is none."""
        row: RunRow | None = self._reader.find(run_id)
        return row

    def ended(self, run_id: str) -> RunRow | None:
        """Return the row of a run that has ended and has not continued as another one."""
        row: RunRow | None = self._reader.find(run_id)
        return None if row is None or row.result is None or self._reader.continued(row.run)[1] else row

    def has_come(self, workflow_id: str, host: str) -> bool:
        """Tell whether a host has an open run of this id that nobody has told it of yet: it has come by a move."""
        row = self._reader.find(workflow_id)
        return row is not None and row.host == host and row.state in OPEN and row.lease != FENCED

    def workflow_id_of(self, run_id: str) -> str:
        """Return the workflow id of a run as the store has it, "" when there is none."""
        row = self.find(run_id)
        return "" if row is None else row.workflow_id

    def holder(self, workflow_id: str) -> str:
        """Return the host of the newest run with this workflow id, "" when there is none."""
        row = self._reader.find(workflow_id)
        return row.host if row is not None and row.workflow_id == workflow_id else ""

    def whereabouts(self, workflow_id: str) -> Failure | None:
        """Return where the run of an id has moved, None when it has not."""
        return left(self._reader, workflow_id)

    def lack_of(self, workflow_id: str) -> Failure:
        """Return why no open run holds an id: where its run has gone, if it has moved to another store."""
        return left(self._reader, workflow_id) or no_run(workflow_id).failure

    def await_end(self, run: int) -> None:
        """Ask the other nodes to tell of the end of a run."""
        self._reader.await_end(run)

    def load_many(self, runs: Sequence[int], longest: int) -> list[OpenRun]:
        """Return everything needed to continue several runs, but for those with more than `longest` journal events."""
        found: list[OpenRun] = self._reader.snapshot(lambda store: store.load_many(runs, longest, lazy=True))
        return found

    def close(self) -> None:
        """Close the reader."""
        if self._opened is not None:
            self._opened.close()
