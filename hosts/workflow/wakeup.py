"""Waking runs as soon as others have written to them: one thread listens, and what it hears goes to the watch.

Nothing rests on it. While nothing can be heard the watch looks by itself (`watching`), as it does at all times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import trio

from actorflow.errors import Error
from hosts.workflow.watching import Watching

if TYPE_CHECKING:
    from actorflow.store.telling import Listener
    from hosts.workflow.engine import Engine

_WAIT: Final = 5.0
"""Seconds of one wait in the thread."""
_AGAIN: Final = 1.0
"""Seconds until a lost connection is opened again."""


def watch(engine: Engine) -> None:
    """Begin to see what others write to the store of an engine, if others can."""
    listener = engine.writer.listener()
    if not engine.writer.shared and listener is None:
        return
    watching = Watching(engine, always=engine.writer.shared)
    engine.start_soon(watching.serve)
    if listener is not None:
        engine.start_soon(listen, engine, watching, listener)


async def listen(engine: Engine, watching: Watching, listener: Listener) -> None:
    """Hear what others write, for ever."""
    limiter = trio.CapacityLimiter(1)  # the thread is in use all the time, which is nobody's concern
    is_lost = False
    try:
        while True:
            try:
                runs = await trio.to_thread.run_sync(listener.wait, _WAIT, abandon_on_cancel=True, limiter=limiter)
            except Error as error:
                if not is_lost:
                    engine.node.log("warn", f"{error.message}; it is looked for instead", {})
                is_lost = True
                await trio.sleep(_AGAIN)
            else:
                is_lost = False
                if runs is None or runs:
                    watching.told(runs)
    finally:
        listener.close()
