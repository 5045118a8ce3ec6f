"""`workflow.hook`: calls a function when runs change their state."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from actorflow.duration import MINUTE, SECOND
from actorflow.registry.kind import Kind
from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.fields import Count, Duration, Names, Reference, as_tuple
from actorflow.registry.kinds.lifecycle import Lifecycle

State: TypeAlias = Literal[
    "created", "pending", "paused", "completed", "failed", "cancelled", "delete_requested", "data_deleted"
]

_ENDS: tuple[State, ...] = ("completed", "failed", "cancelled")


class Redelivery(Config):
    """When a delivery that failed is tried again; `max_attempts` 0 is without limit, else it becomes a dead letter."""

    initial_delay: Duration = 1 * SECOND
    backoff_factor: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 2.0
    max_delay: Duration = 5 * MINUTE
    max_attempts: Count = 0


class WorkflowHook(Config):
    """Calls `call` with each change of a run on `host` to one of the states `on`, at least once.

    `entry` lists patterns of entry ids such as `app:order*`; without it the runs of all entries count. At most
    `concurrency` deliveries are under way at once, those of one run one after another.
    """

    on: Annotated[tuple[State, ...], BeforeValidator(as_tuple), Field(min_length=1)] = _ENDS
    host: Reference
    call: Reference
    entry: Names = ()
    timeout: Duration = 30 * SECOND
    concurrency: Annotated[int, Field(ge=1, le=1_000)] = 10
    retry: Redelivery = Redelivery()
    lifecycle: Lifecycle = Lifecycle(auto_start=True)


KIND = Kind(
    "workflow.hook",
    WorkflowHook,
    factory="hosts.workflow.hook.hook:Hook",
    resource=True,
    references={"host": ("workflow.host",), "call": ("function.*", "process.*", "workflow.*")},
)
