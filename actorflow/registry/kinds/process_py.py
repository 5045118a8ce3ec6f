"""`process.py`: a process written in Python."""

from __future__ import annotations

from actorflow.registry.kind import Kind
from actorflow.registry.kinds.process import ProcessPython
from actorflow.registry.kinds.script import PYTHON_IMPORTS


class ProcessPy(ProcessPython):
    """A process; held to the durable rules at its first spawn onto a durable host."""


KIND = Kind("process.py", ProcessPy, references={"imports": PYTHON_IMPORTS})
