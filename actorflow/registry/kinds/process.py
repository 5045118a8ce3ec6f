"""What processes and workflows of both languages have in common."""

from __future__ import annotations

from actorflow.registry.kinds.fields import Names, Source
from actorflow.registry.kinds.limits import Limits
from actorflow.registry.kinds.script import Script


class Process(Script):
    """A script that runs as a process. `isolate` gives the entry a runtime of its own with a memory cap."""

    source: Source
    method: str = "main"
    limits: Limits = Limits()
    isolate: bool = False


class ProcessPython(Process):
    """The same in Python; `packages` are the third-party modules it may import."""

    packages: Names = ()
