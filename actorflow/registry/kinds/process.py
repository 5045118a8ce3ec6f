"""What processes and workflows of both languages have in common."""

from __future__ import annotations

from typing import Any, Literal

from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.fields import Names, Positive, Source
from actorflow.registry.kinds.limits import Limits
from actorflow.registry.kinds.script import Script


class Mailbox(Config):
    """How many unread messages an actor keeps, without a limit if none is written, and what happens to one more."""

    limit: Positive | None = None
    overflow: Literal["refuse", "drop_newest", "drop_oldest", "end"] | None = None

    def written(self) -> dict[str, Any]:
        """Return what is written; empty when nothing is."""
        return self.model_dump(exclude_none=True)


class Process(Script):
    """A script that runs as a process. `isolate` gives the entry a runtime of its own with a memory cap."""

    source: Source
    method: str = "main"
    limits: Limits = Limits()
    isolate: bool = False
    mailbox: Mailbox = Mailbox()


class ProcessPython(Process):
    """The same in Python; `packages` are the third-party modules it may import."""

    packages: Names = ()
