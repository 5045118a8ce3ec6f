"""The one function: its effect is a file named by the key of the call, so that doing it again shows as the same."""

from __future__ import annotations

import os
import secrets
import time
from contextlib import suppress
from pathlib import Path

from actorflow.script import ctx


async def charge(name: str, amount: int) -> int:
    """Leave a file that says for whom and when, unless there is one, and return the amount."""
    key = str(ctx.get("invocation_id")).replace("/", "-")
    folder = Path(os.environ["CHAOS_EFFECTS"])
    draft = folder / f".{key}-{secrets.token_hex(8)}"  # of this attempt alone
    draft.write_text(f"{name}\n{time.clock_gettime_ns(time.CLOCK_REALTIME)}")  # no clock that the test has set
    with suppress(FileExistsError):
        os.link(draft, folder / key)
    draft.unlink()
    return amount
