"""`workflow.py`: a workflow written in Python."""

from __future__ import annotations

from actorflow.registry.kind import Kind
from actorflow.registry.kinds.process import ProcessPython
from actorflow.registry.kinds.script import PYTHON_IMPORTS
from actorflow.registry.kinds.workflow import Workflow


class WorkflowPy(ProcessPython, Workflow):
    """A workflow: a process that is held to the durable rules when it is loaded."""


KIND = Kind("workflow.py", WorkflowPy, references={"imports": PYTHON_IMPORTS})
