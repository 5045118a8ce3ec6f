"""What a child does when it cleans up."""

import os
from pathlib import Path

from actorflow.script import ctx


def note(policy: str) -> None:
    """Have an effect: a file with the name of this invocation."""
    key = ctx.get("invocation_id").replace("/", "-")
    (Path(os.environ["CRASH_PLACE"]) / "effects" / f"{policy} {key}").touch()
