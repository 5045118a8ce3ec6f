"""The one function: its effect is a file named by the key of the call, so that doing it again shows as the same."""

from __future__ import annotations

import os
from pathlib import Path

from actorflow.script import ctx


async def charge(name: str, amount: int) -> int:
    """Leave a file that says for whom, and return the amount."""
    key = str(ctx.get("invocation_id")).replace("/", "-")
    (Path(os.environ["CHAOS_EFFECTS"]) / key).write_text(name)
    return amount
