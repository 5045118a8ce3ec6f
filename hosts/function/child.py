"""A child process that runs one function, call after call: `python -m hosts.function.child`.

It reads frames from its standard input and answers on what was its standard output; what the function prints goes to
standard error. It ends when its input does.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from inspect import iscoroutinefunction
from io import RawIOBase
from threading import Lock
from typing import Any

import trio

from actorflow.bundle import Bundle
from actorflow.errors import Failure
from actorflow.script.ctx import CALL, CallContext
from hosts.function.failing import failure_in
from hosts.function.frame import frame, read_frame
from hosts.function.loading import Loader


def main() -> None:
    """Serve calls until the input ends."""
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - a device, not a path of ours
        os.dup2(nothing.fileno(), 0)
    bundle = Bundle.from_bytes(read_frame(requests))
    loader = Loader()
    while True:
        try:
            request = read_frame(requests)
        except EOFError:
            return
        line = _Line(replies)
        value, failure = _outcome(loader, bundle, request, line.beat)
        try:
            reply = frame([value, failure])
        except Exception as error:  # noqa: BLE001 - a result that cannot cross is the call's failure
            reply = frame([None, failure_in(error)])
        line.end(reply)


class _Line:
    """What one call says to the node: heartbeats, from any thread, until its answer."""

    def __init__(self, replies: RawIOBase) -> None:
        self._replies = replies
        self._lock = Lock()
        self._over = False

    def beat(self, details: Any) -> None:
        data = frame({"heartbeat": details})
        with self._lock:
            if not self._over:
                _write(self._replies, data)

    def end(self, reply: bytes) -> None:
        with self._lock:
            self._over = True
            _write(self._replies, reply)


def _write(stream: RawIOBase, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[stream.write(rest) :]


def _outcome(
    loader: Loader, bundle: Bundle, request: dict[str, Any], beat: Callable[[Any], None]
) -> tuple[Any, Failure | None]:
    CALL.set(
        CallContext(
            request["invocation_id"],
            request["attempt"],
            request["context"],
            request["target"],
            request["caller"],
            heartbeat=request["heartbeat"],
            deadline=request["deadline"],
            beat=beat,
        )
    )
    try:
        function = loader.function(bundle)
        args = request["args"]
        return (trio.run(partial(function, *args)) if iscoroutinefunction(function) else function(*args)), None
    except BaseException as error:  # noqa: BLE001 - whatever the function raises is the answer
        return None, failure_in(error)


if __name__ == "__main__":
    sys.argv = sys.argv[:1]
    main()
