"""One function whose effect is a file named after its invocation."""

import os
from contextlib import suppress
from pathlib import Path

from actorflow.script import ctx


async def note(run: str) -> None:
    """Have an effect once, whichever attempt comes first."""
    invocation = ctx.get("invocation_id").replace("/", "-")
    with suppress(FileExistsError):
        (Path(os.environ["CRASH_PLACE"]) / "effects" / f"{invocation} {run}").touch(exist_ok=False)
