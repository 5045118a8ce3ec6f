"""Calls that may have killed their node: what was being attempted whenever a node died.

A node that ends in order takes its mark out of the store; the next one that finds it knows that the last one died.
Where nodes share a host, the shards of one that was found dead say so to who takes them. Each call that was under way
then is a suspect: how often its node has died is kept in its row from then on, written before the next attempt begins.
Those during which it happened twice are attempted in small company (see `company`), so that the innocent are not
counted with the guilty; one that is a death away from the limit is attempted alone. At the limit it is not attempted
again: its run is paused.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from actorflow.codec import encode
from actorflow.duration import SECOND
from actorflow.run.document import PutDocument
from actorflow.run.shard import shard_of
from actorflow.run.turn import KeepCalls
from actorflow.store.together import write_all
from hosts.workflow.company import Company

if TYPE_CHECKING:
    from actorflow.run.turn import CallRow
    from hosts.workflow.engine import Engine
    from hosts.workflow.host import WorkflowHost
    from hosts.workflow.open_call import OpenCall

SERVING: Final = "serving"
"""Kind of the document that is there while a node serves a store."""
_GROUPED: Final = 2
"""A call during which so many nodes died is attempted in the company of few others of its kind."""
_WATCHED: Final = 5 * SECOND
"""Nanoseconds after which a call that has not killed its node lets the next suspect begin."""
_KEY: Final = "engine"
_ALL: Final = 2**62


class Suspects:
    """The suspects of one engine."""

    def __init__(self, engine: Engine) -> None:
        """Begin with none."""
        self._engine = engine
        self._since = 0
        self._crashed = False
        self._inherited: dict[tuple[str, int], int] = {}
        self._under_way = 0
        self._company: Company[OpenCall] = Company()
        self._waiting: deque[tuple[OpenCall, Callable[[], None]]] = deque()

    async def begin(self, host: WorkflowHost) -> None:
        """Find out how the last node ended, mark that this one serves, and count a death for what it was doing.

        For a host that is claimed whole.

        Raises:
            Error: when the store cannot be read or written now.
        """
        engine = self._engine
        if not self._since:
            self._since = engine.clock.now()
            self._crashed = await engine.writer.read(lambda store: store.document(SERVING, _KEY)) is not None
            await engine.writer.write(PutDocument(SERVING, _KEY, encode({"since": self._since})))
        self._under_way += await self._count(host, None, deaths=int(self._crashed))
        if self._crashed:  # all hosts of a node died with it
            self._company.halve(self._under_way)

    async def inherit(self, host: WorkflowHost, shards: Collection[int]) -> None:
        """Count a death for what the node was doing that owned these shards before: it was found dead.

        Raises:
            Error: when the store cannot be read or written now.
        """
        now = self._engine.clock.now()
        self._inherited.update({(host.id, shard): now for shard in shards})
        if shards and (under_way := await self._count(host, shards, deaths=1)):
            self._company.halve(under_way)

    async def _count(self, host: WorkflowHost, shards: Collection[int] | None, deaths: int) -> int:
        """Add deaths to the suspects that were under way, and return how many there were."""
        writer, now = self._engine.writer, self._engine.clock.now()
        rows = await writer.read(lambda store: host.of(store, shards).due_calls(host.id, _ALL, _ALL))
        begun = [(run, row) for run, row in rows if row.crashes and row.begun]
        counted = [(run, replace(row, begun=0, due=now, crashes=row.crashes + deaths)) for run, row in begun]
        await write_all(writer, [KeepCalls(run, host.token(run), [row]) for run, row in counted])
        return len(begun)

    async def end(self) -> None:
        """Take the mark away: this node ends in order."""
        if self._since:
            await self._engine.writer.write(PutDocument(SERVING, _KEY, None))

    def deaths(self, call: OpenCall, recorded: int, row: CallRow | None) -> int:
        """Return how many nodes died while a call was under way.

        Args:
            call: the call.
            recorded: when it was recorded, Unix nanoseconds; 0 when it was not open when its run was read.
            row: what the store has of it.
        """
        if row is not None and (row.crashes or not row.begun):
            return row.crashes
        if call.host.shards is None:
            since = self._since if self._crashed else 0
        else:
            since = self._inherited.get((call.host.id, shard_of(call.run)), 0)
        return int(0 < recorded < since)

    def holds(self, call: OpenCall, begin: Callable[[], None]) -> bool:
        """Tell whether a call has to wait for its attempt, which `begin` begins then."""
        if call.crashes < _GROUPED or call in self._company:
            return False
        alone = _is_last(call)
        if not self._company.admits(alone=alone):
            self._waiting.append((call, begin))
            return True
        self._company.enter(call, alone=alone)
        self._engine.node.after(_WATCHED, lambda: self.done(call))
        return False

    def done(self, call: OpenCall) -> None:
        """Let more begin: this one has ended, or has gone on for long without harm."""
        if call not in self._company:
            return
        self._company.leave(call)
        while self._waiting and self._company.admits(alone=_is_last(self._waiting[0][0])):
            following, begin = self._waiting.popleft()
            if (following.run, following.ref) in self._engine.calls:
                begin()


def _is_last(call: OpenCall) -> bool:
    """Tell whether one more death pauses its run: nobody else may be counted with it, nor it with anybody else."""
    return 0 < call.host.settings.limits.crashes <= call.crashes + 1


def text_of(target: str, ref: int, deaths: int) -> str:
    """Say why a call is not attempted again, and what can be done."""
    ways = f"actorflow run resolve RUN {ref} --retry | --result JSON | --error TEXT"
    return f"call {ref} of {target} was running {deaths} times when its node died; ways out: {ways}"
