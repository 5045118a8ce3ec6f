"""What is done by parents and children, in order."""

import os
from pathlib import Path

from actorflow.script import ctx


def note(who: str, what: str) -> None:
    """Have an effect: a file with the name of this invocation; what was done for the first time is a line, too."""
    place = Path(os.environ["CRASH_PLACE"])
    effect = place / "effects" / f"{ctx.get('invocation_id').replace('/', '-')} {who} {what}"
    if not effect.exists():
        with (place / "deeds").open("a") as deeds:
            deeds.write(f"{who} {what}\n")
    effect.touch()
