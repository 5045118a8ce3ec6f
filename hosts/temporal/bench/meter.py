"""A worker under measurement: it serves until its input ends, and says what it has used of the processor when asked."""

from __future__ import annotations

import sys
import time
from typing import Final

READY: Final = "ready"
USED: Final = "used "
"""Begins what is said about the processor: the core of the SDK may write other lines between."""


def serve() -> None:
    """Say that the worker serves, then for each line of input how many seconds of the processor it has used."""
    print(READY, flush=True)  # noqa: T201 - it is asked over its output
    for _ in sys.stdin:
        print(f"{USED}{time.process_time()}", flush=True)  # noqa: T201
