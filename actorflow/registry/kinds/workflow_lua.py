"""`workflow.lua`: a workflow written in Lua."""

from __future__ import annotations

from actorflow.registry.kind import Kind
from actorflow.registry.kinds.process import Process
from actorflow.registry.kinds.script import LUA_IMPORTS
from actorflow.registry.kinds.workflow import Workflow


class WorkflowLua(Process, Workflow):
    """A workflow: a process that is held to the durable rules when it is loaded."""


KIND = Kind("workflow.lua", WorkflowLua, references={"imports": LUA_IMPORTS})
