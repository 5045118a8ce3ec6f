"""What is done by parents and children, in order."""

import os
from pathlib import Path

from actorflow.script import ctx


def note(who: str, what: str) -> None:
    """Have an effect: a file with the name of this invocation; each attempt is a line of that name, too."""
    place = Path(os.environ["CRASH_PLACE"])
    name = f"{ctx.get('invocation_id').replace('/', '-')} {who} {what}"
    with (place / "deeds").open("a") as deeds:
        deeds.write(f"{name}\n")
    (place / "effects" / name).touch()
