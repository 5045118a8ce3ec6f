"""Child processes for functions with `run: process`: they can be killed, and crash alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Final

import trio

from actorflow.bundle import Bundle
from actorflow.codec import decode
from actorflow.duration import SECOND
from actorflow.errors import INTERNAL, Error
from actorflow.ports import CallRequest
from actorflow.value import Limits, copy_value
from hosts.function.frame import HEAD, frame

_IDLE: Final = 4
"""Idle children that are kept for the next calls, of all functions together."""


class Children:
    """The children of one function host: at most `most` at work, a few idle ones kept."""

    def __init__(self, most: int) -> None:
        """Make no child yet."""
        self._limiter = trio.CapacityLimiter(most)
        self._idle: list[_Child] = []

    async def call(self, bundle: Bundle, request: CallRequest, limits: Limits) -> Any:
        """Run one attempt in a child and return the function's value; its heartbeats are held to `limits`.

        A child whose call is cancelled is killed.

        Raises:
            Error: what the function failed with; Internal and retryable, when the child died.
        """
        async with self._limiter:
            child = self._take(bundle) or await _Child.start(bundle)
            try:
                value, failure = await child.ask(_plain(request), partial(_beat, request, limits))
            except BaseException:
                await child.kill()
                raise
            await self._keep(child)
        if failure is not None:
            raise Error(failure)
        return value

    async def stop(self) -> None:
        """Kill the idle children; those at work are killed by the cancellation of their calls."""
        while self._idle:
            await self._idle.pop().kill()

    def _take(self, bundle: Bundle) -> _Child | None:
        for child in reversed(self._idle):
            if child.hash == bundle.hash and child.process.poll() is None:
                self._idle.remove(child)
                return child
        return None

    async def _keep(self, child: _Child) -> None:
        self._idle.append(child)
        if len(self._idle) > _IDLE:
            await self._idle.pop(0).kill()


class _Child:
    """One child process, which serves one bundle."""

    def __init__(self, process: trio.Process, bundle: Bundle) -> None:
        self.process = process
        self.hash = bundle.hash
        self._name = bundle.id

    @classmethod
    async def start(cls, bundle: Bundle) -> _Child:
        """Start a child; the function is loaded by its first call."""
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}  # noqa: PTH109
        process = await trio.lowlevel.open_process(
            [sys.executable, "-m", "hosts.function.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        child = cls(process, bundle)
        try:
            await child._send(frame(bundle.data))
        except BaseException:
            await child.kill()
            raise
        return child

    async def ask(self, request: Mapping[str, Any], beat: Callable[[Any], None]) -> Any:
        """Send a request and return the child's answer; `beat` takes its heartbeats until then."""
        await self._send(frame(request))
        while True:
            head = await self._receive(HEAD.size)
            answer = decode(await self._receive(HEAD.unpack(head)[0]))
            if not isinstance(answer, dict):
                return answer
            beat(answer["heartbeat"])

    async def kill(self) -> None:
        """End the child now."""
        with trio.CancelScope(shield=True):
            self.process.kill()
            await self._close()

    async def _send(self, data: bytes) -> None:
        try:
            await self._stream(self.process.stdin).send_all(data)
        except trio.BrokenResourceError:
            raise await self._died() from None

    async def _receive(self, size: int) -> bytes:
        stream, parts = self._stream(self.process.stdout), bytearray()
        while len(parts) < size:
            part = await stream.receive_some(size - len(parts))
            if not part:
                raise await self._died()
            parts += part
        return bytes(parts)

    async def _died(self) -> Error:
        self.process.kill()
        code = await self._close()
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        return Error(f"{self._name}: its child process {how}", INTERNAL, retryable=True)

    async def _close(self) -> int:
        await self._stream(self.process.stdin).aclose()
        await self._stream(self.process.stdout).aclose()
        return await self.process.wait()

    @staticmethod
    def _stream(stream: Any) -> Any:
        return stream


def _plain(request: CallRequest) -> dict[str, Any]:
    return {
        "target": request.target,
        "args": list(request.args),
        "context": dict(request.context),
        "caller": request.caller,
        "invocation_id": request.invocation_id,
        "attempt": request.attempt,
        "heartbeat": request.heartbeat,
        "deadline": request.deadline / SECOND if request.deadline else None,
    }


def _beat(request: CallRequest, limits: Limits, details: Any) -> None:
    if request.beat is not None:
        with suppress(Error):  # the child was told its limits by nobody: what is too large is not heard
            request.beat(copy_value(details, limits))
