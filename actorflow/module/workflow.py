"""What Lua's `workflow` module asks of the rules of named steps; Python scripts call the rules themselves."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from actorflow.run import step

PURE: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "workflow.step_call": step.call_options,
        "workflow.step_misspelt": step.misspelt,
        "workflow.step_wait": step.closure_wait,
    }
)
