"""`workflow.schedule`: starts something again and again, at the times of a cron expression or an interval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import AliasChoices, Field, model_validator

from actorflow.errors import Error
from actorflow.module.cron import Cron
from actorflow.registry.kind import Kind
from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.fields import Duration, Name, Reference, Values, refusal
from actorflow.registry.kinds.lifecycle import Lifecycle


class WorkflowSchedule(Config):
    """Starts `target` on the durable host `host` whenever `cron` says, or `every` so long.

    A target that is a function is called once by each run, with the retries of a durable call. `input` are the
    arguments, `options` further start options. `filter` is a function that is asked before each start: `false` leaves
    the slot out. With `overlap` one says what happens when the run of an earlier slot goes on, with `catch_up` what
    happens to slots that passed while no node ran; `jitter` moves each start by up to so much, the same for a slot.
    """

    target: Reference = Field(validation_alias=AliasChoices("target", "workflow", "process", "function", "call"))
    host: Reference
    cron: Name | None = None
    every: Duration = 0
    timezone: Name = "UTC"
    key: str = ""
    input: Values = ()
    options: Mapping[str, Any] = {}
    filter: Reference | None = None
    overlap: Literal["skip", "queue", "allow", "cancel_previous"] = "skip"
    catch_up: Literal["once", "none", "all"] = "once"
    jitter: Duration = 0
    paused: bool = False
    lifecycle: Lifecycle = Lifecycle(auto_start=True)

    @model_validator(mode="after")
    def _has_times(self) -> WorkflowSchedule:
        if (self.cron is None) == (self.every == 0):
            raise refusal("either `cron` or `every`", got="both" if self.cron else "neither of them")
        try:
            self.times()
        except Error as error:
            raise refusal("a cron expression such as '30 3 * * MON-FRI', and a time zone", got=error.message) from None
        return self

    def times(self) -> Cron:
        """Return when it is due.

        Raises:
            Error: kind Invalid or NotFound, when the expression or the zone is none.
        """
        return Cron(self.cron if self.cron is not None else f"@every {self.every}ns", self.timezone)


KIND = Kind(
    "workflow.schedule",
    WorkflowSchedule,
    factory="hosts.workflow.schedule.schedule:Schedule",
    resource=True,
    references={
        "target": ("function.*", "process.*", "workflow.*"),
        "host": ("workflow.host",),
        "filter": ("function.*",),
    },
)
