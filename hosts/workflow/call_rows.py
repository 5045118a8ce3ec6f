"""Rows of calls: what a restart must know of a call between its attempts, stored beside the turns of its run."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from actorflow.codec import encode
from actorflow.errors import Error
from actorflow.run.state import PAUSED
from actorflow.run.turn import CallRow, Committed, KeepCalls

if TYPE_CHECKING:
    from hosts.workflow.engine import Engine
    from hosts.workflow.open_call import OpenCall

_RETRY_AFTER: Final = 0.5
"""Seconds until a row is stored again after a failed commit."""


class CallRows:
    """Stores the rows of an engine's calls; a plain call that succeeds at once has none."""

    def __init__(self, engine: Engine, is_open: Callable[[OpenCall], bool], close: Callable[[int, int], None]) -> None:
        """Serve `engine`: `is_open` tells whether a call is still waited for, `close` forgets one of a paused run."""
        self._engine = engine
        self._is_open = is_open
        self._close = close

    def begun(self, call: OpenCall) -> CallRow:
        """Return the row of a call whose latest attempt begins now, or was heard of now."""
        now = self._engine.clock.now()
        failure = encode(call.failure) if call.failure is not None else b""
        return CallRow(call.ref, call.request.attempt, now, failure, now, call.details, call.crashes)

    def keep(self, call: OpenCall, row: CallRow, then: Callable[[], None]) -> None:
        """Store what a restart must know of a call, and then go on with it."""
        call.row = row
        resident = self._engine.residents.get(call.run)
        if resident is not None:
            resident.attempts[call.ref] = row
        self._engine.submit(KeepCalls(call.run, call.host.token(call.run), [row]), partial(self._kept, call, row, then))

    def _kept(self, call: OpenCall, row: CallRow, then: Callable[[], None], answer: Committed | Error) -> None:
        if not self._is_current(call, row):
            return
        if isinstance(answer, Error):
            self._engine.recovery.doubt(answer)
            self._engine.start_soon(self._keep_later, call, row, then)
        elif answer.state == PAUSED and not row.begun:
            self._close(call.run, call.ref)  # it waits on when the run is resumed
        elif answer.accepted:
            then()

    async def _keep_later(self, call: OpenCall, row: CallRow, then: Callable[[], None]) -> None:
        await trio.sleep(_RETRY_AFTER)
        if self._is_current(call, row):
            self.keep(call, row, then)

    def _is_current(self, call: OpenCall, row: CallRow) -> bool:
        return self._is_open(call) and call.row is row
