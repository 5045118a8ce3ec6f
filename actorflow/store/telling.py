"""Telling other nodes what a commit has written for them: which runs that are, and the port of who listens.

A batch may start a run, put something into its inbox or change it although another node owns it. The store knows the
tokens that it has claimed itself, so whatever it writes under another token is news for somebody else. A database that
can tells the others in the very same transaction (`ServerDatabase.tell`); whoever is told reads the run again. Nothing
rests on it: what is not heard is found by looking, within a second (`hosts/workflow/watching.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final, Protocol

from actorflow.run.document import PutDocument
from actorflow.run.turn import Delivery, Item, KeepCalls, StartRun, Turn
from actorflow.store.batch import Known, Writes

_OWN: Final = (Turn, StartRun, Delivery, KeepCalls, PutDocument)


class Listener(Protocol):
    """One connection on which a node hears what others tell; used by one thread at a time."""

    def wait(self, seconds: float) -> Collection[int] | None:
        """Wait for at most so long, and return the run numbers that were told since the last call.

        None says that something may have been missed: with the first call and after a lost connection. Nothing that is
        told after it returned is missed, so whoever gets None looks at everything once.

        Raises:
            Error: when the server cannot be reached; the next call tries again, and returns None.
        """
        ...

    def close(self) -> None:
        """Let go of the connection; a `wait` in another thread ends soon."""
        ...


def told(writes: Writes, known: Known, tokens: Mapping[str, Collection[int]]) -> list[int]:
    """Return the runs that a batch has written for others, in order.

    Args:
        writes: what it writes.
        known: what was known for it.
        tokens: host → the tokens that the writing store has claimed: runs that carry them are its own.
    """
    runs = {run for _, run, _ in writes.inbox} | writes.changed.keys() | writes.started.keys() | writes.timers.keys()
    heads = [known.runs[run] for run in sorted(runs) if run in known.runs]
    return [head.run for head in heads if head.lease not in tokens.get(head.host, ())]


def is_quiet(batch: Sequence[Item], writes: Writes) -> bool:
    """Tell whether a batch of which nobody is told leaves all as it was that other stores remember (`batch.Kept`).

    They remember the rows of runs that carry tokens of theirs, the tokens of hosts, which sources there are, and
    whether any run has children or waits for what others hold. Only what is known to leave that alone is quiet.
    """
    kin = writes.kin or writes.handed_over or writes.orphaned or writes.queued or writes.stands or writes.unqueued
    rare = writes.fenced or writes.scrubbed or writes.purged or writes.repinned or writes.continued
    return not kin and not rare and all(isinstance(item, _OWN) for item in batch)
