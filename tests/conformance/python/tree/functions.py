"""Functions that the checks call."""

from __future__ import annotations

from typing import Any

import trio

from actorflow.script import ctx, errors


def add(a: int, b: int) -> int:
    """Add."""
    return a + b


async def slow(seconds: float, value: Any) -> Any:
    """Answer late."""
    await trio.sleep(seconds)
    return value


def failing(kind: str, retryable: bool | None = None) -> None:  # noqa: FBT001 - an argument of a call
    """Fail."""
    raise errors.Error("failed", kind, retryable, {"n": 1})


def flaky(wanted: int) -> int:
    """Fail until the attempt that is wanted."""
    if ctx.get("attempt") < wanted:
        raise errors.Error("not yet", errors.UNAVAILABLE)
    return int(ctx.get("attempt"))


def large(size: int) -> str:
    """Return a text of this size."""
    return "x" * size


async def together(to: str, seconds: float) -> None:
    """Wait; how many run at the same time is up to the pool."""
    del to
    await trio.sleep(seconds)
