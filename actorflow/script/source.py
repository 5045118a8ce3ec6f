"""Where random bytes and the time come from: in a process its recorded source, in a function the machine's."""

from __future__ import annotations

import secrets
import time
from typing import Any

from actorflow.machine.op import Op
from actorflow.script.ctx import CALL
from actorflow.script.current import CURRENT, ask


def draw(kind: str, size: int) -> bytes:
    """Return random bytes; on a durable host they are recorded.

    Raises:
        Error: kind Invalid, outside of processes and functions.
    """
    if _in_function():
        return secrets.token_bytes(size)
    drawn: bytes = ask((Op.DRAW, kind, size))
    return drawn


def now() -> int:
    """Return the time in Unix nanoseconds; on a durable host that of the last fact.

    Raises:
        Error: kind Invalid, outside of processes and functions.
    """
    if _in_function():
        return time.time_ns()
    answer: Any = ask((Op.NOW,))
    return int(answer)


def _in_function() -> bool:
    return CURRENT.get(None) is None and CALL.get(None) is not None
