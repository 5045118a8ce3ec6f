"""What functions of both languages have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.fields import Count, Positive
from actorflow.registry.kinds.limits import Limits
from actorflow.registry.kinds.script import Script


class Pool(Config):
    """How many calls run at a time and how many wait."""

    type: Literal["inline", "lazy", "static", "adaptive"] = "lazy"
    size: Positive | None = None
    workers: Positive | None = None
    buffer: Count | None = None
    max_size: Positive | None = None


class Function(Script):
    """A function: its pool, limits, and default call options such as `retry`; `isolate` as in a process.

    `on_unknown`: what a workflow does about a call that was running when its node ended.
    """

    method: str = ""
    pool: Pool = Pool()
    limits: Limits = Limits()
    isolate: bool = False
    options: Mapping[str, Any] = Field(default_factory=dict)
    on_unknown: Literal["retry", "ask", "fail"] = "retry"
