"""The `lifecycle` of a service: when it starts, what it needs, how it comes back."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from actorflow.duration import SECOND
from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.fields import Count, Duration, References
from actorflow.registry.kinds.security import Security

_INITIAL_DELAY = 1 * SECOND
_MAX_DELAY = 90 * SECOND
_FACTOR = 2.0
_JITTER = 0.1


class Restart(Config):
    """How a failed service comes back; a written 0 means the default, except for `max_attempts` (0 = no limit)."""

    initial_delay: Annotated[Duration, AfterValidator(lambda value: value or _INITIAL_DELAY)] = _INITIAL_DELAY
    max_delay: Annotated[Duration, AfterValidator(lambda value: value or _MAX_DELAY)] = _MAX_DELAY
    backoff_factor: Annotated[
        float, Field(ge=0, allow_inf_nan=False), AfterValidator(lambda value: value or _FACTOR)
    ] = _FACTOR
    jitter: Annotated[float, Field(ge=0, le=1), AfterValidator(lambda value: value or _JITTER)] = _JITTER
    max_attempts: Count = 0


class Lifecycle(Config):
    """How a service is supervised. Durations are nanoseconds."""

    auto_start: bool = False
    startup: Literal["required", "optional"] = "required"
    start_timeout: Duration = 10 * SECOND
    stop_timeout: Duration = 10 * SECOND
    stable_threshold: Duration = 5 * SECOND
    requires: References = ()
    depends_on: References = ()
    restart: Restart = Restart()
    security: Security | None = None

    @property
    def required(self) -> tuple[str, ...]:
        """`requires` and the older `depends_on` together, each id once."""
        return tuple(dict.fromkeys((*self.requires, *self.depends_on)))
