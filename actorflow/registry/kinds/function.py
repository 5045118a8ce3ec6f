"""What functions of both languages have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from actorflow.duration import parse_rate
from actorflow.errors import Error
from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.fields import Count, Positive, refusal
from actorflow.registry.kinds.limits import Limits
from actorflow.registry.kinds.script import Script


class Pool(Config):
    """How many calls run at a time and how many wait."""

    type: Literal["inline", "lazy", "static", "adaptive"] = "lazy"
    size: Positive | None = None
    workers: Positive | None = None
    buffer: Count | None = None
    max_size: Positive | None = None


def _rate(value: str) -> str:
    try:
        parse_rate(value)
    except Error:
        raise refusal("a rate such as '10/s', '100/min' or '5/500ms'") from None
    return value


Rate = Annotated[str, AfterValidator(_rate)]


class PerKey(Config):
    """How many attempts of calls with one key run at a time, and begin in a time."""

    concurrency: Positive | None = None
    rate: Rate | None = None


class FunctionLimits(Limits):
    """The limits of a script; and for calls by workflows: attempts at a time, their rate, and both for each key.

    `key` is a path in the arguments, such as `0.customer`; the option `key` of a call wins.
    """

    concurrency: Positive | None = None
    rate: Rate | None = None
    key: str = ""
    per_key: PerKey = PerKey()

    def written(self) -> dict[str, Any]:
        """Return what is written of the limits of its script."""
        plain = super().written()
        return {name: value for name, value in plain.items() if name in Limits.model_fields}


class Function(Script):
    """A function: its pool, limits, and default call options such as `retry`; `isolate` as in a process.

    `on_unknown`: what a workflow does about a call that was running when its node ended.
    """

    method: str = ""
    pool: Pool = Pool()
    limits: FunctionLimits = FunctionLimits()
    isolate: bool = False
    options: Mapping[str, Any] = Field(default_factory=dict)
    on_unknown: Literal["retry", "ask", "fail"] = "retry"
