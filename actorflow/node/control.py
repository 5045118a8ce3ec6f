"""The control socket: a node's door for the command line and other programs of the same user on this machine.

A pynng rep socket over ipc. Each request is answered by a task of its own, so a long wait holds nobody up.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

import pynng
import trio

from actorflow.errors import UNAVAILABLE, Failure, failure_of, not_found, unavailable
from actorflow.node.control_frame import MAX_FRAME, decode_request, encode_failure, encode_value
from actorflow.node.suggest import did_you_mean
from actorflow.value import Value

Verb: TypeAlias = Callable[[Mapping[str, Value]], Awaitable[Value]]
"""What answers one kind of request; a raised `Error` is the answer too."""

_MOST_REQUESTS: Final = 512
_SEND_SECONDS: Final = 10
"""How long a client may take to receive its reply."""


class ControlServer:
    """Answers requests on one socket path with the given verbs."""

    def __init__(self, path: Path, verbs: Mapping[str, Verb], most_requests: int = _MOST_REQUESTS) -> None:
        """Prepare to listen at `path`, which must be free; more than `most_requests` at once are turned away."""
        self._path = path
        self._verbs = verbs
        self._most_requests = most_requests
        self._open = 0

    async def serve(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Listen until cancelled; started once requests are taken.

        Raises:
            Error: kind Unavailable, when the path cannot be listened at.
        """
        with pynng.Rep0(recv_max_size=MAX_FRAME, send_timeout=_SEND_SECONDS * 1000) as socket:
            self._listen(socket)
            async with trio.open_nursery() as nursery:
                task_status.started()
                while True:
                    context = socket.new_context()
                    try:
                        frame = await context.arecv()
                    except BaseException:
                        context.close()
                        raise
                    self._open += 1
                    nursery.start_soon(self._handle, context, frame)

    def _listen(self, socket: Any) -> None:
        try:
            socket.listen(f"ipc://{self._path}")
            self._path.chmod(0o600)
        except (pynng.NNGException, OSError) as error:
            raise unavailable(f"cannot listen at {self._path}: {error}") from error

    async def _handle(self, context: Any, frame: bytes) -> None:
        try:
            reply = await self._answer(frame)
            await context.asend(reply)
        except pynng.NNGException:
            pass  # the client went away, or does not read; there is nobody to tell
        finally:
            self._open -= 1
            context.close()

    async def _answer(self, frame: bytes) -> bytes:
        if self._open > self._most_requests:
            text = f"the node has {self._most_requests} control requests open already; try again when some are answered"
            return encode_failure(Failure(text, UNAVAILABLE, retryable=True))
        try:
            name, args = decode_request(frame)
            return encode_value(await self._verb(name)(args))
        except Exception as error:  # noqa: BLE001 - whatever a request does wrong is its answer, never the node's end
            return encode_failure(failure_of(error))

    def _verb(self, name: str) -> Verb:
        verb = self._verbs.get(name)
        if verb is None:
            raise not_found(f"no control verb {name!r}{did_you_mean(name, self._verbs)}")
        return verb
