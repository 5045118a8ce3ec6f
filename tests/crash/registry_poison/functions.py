"""A function that kills its node, and one that is under way meanwhile."""

import os
from pathlib import Path

import trio


def kill() -> str:
    """Take the node along, unless somebody has mended it."""
    place = Path(os.environ["CRASH_PLACE"])
    with (place / "attempts").open("a") as file:
        file.write("x")
    if not (place / "mended").exists():
        os._exit(139)
    return "alive"


async def slow() -> str:
    """Take a while."""
    await trio.sleep(0.05)
    return "done"
