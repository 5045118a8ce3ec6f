"""What workflows of both languages have in common."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import field_validator

from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.fields import Duration, Positive, refusal


class Workflow(Config):
    """What becomes of the runs of a workflow.

    `on_exhausted`, `pause_after` and `auto_resume_after`: when a run is paused over a call that keeps failing, unless
    the call or its function says so. `on_delete_data`: the function that says what stays of a run whose data are
    deleted. `strict`: the system whose narrower table of states holds for its runs. `lock_key`: runs with the same key
    do not overlap; `{path}` in it is a text or integer of the input.
    """

    on_exhausted: Literal["fail", "pause"] | None = None
    pause_after: Positive | None = None
    auto_resume_after: Duration | None = None
    on_delete_data: str | None = None
    strict: Literal["luno", "workflowable"] | None = None
    lock_key: str | None = None

    @field_validator("mailbox", mode="before", check_fields=False)
    @classmethod
    def _no_mailbox(cls, _value: Any) -> None:
        raise refusal("no `mailbox` on a workflow, whose signals are rows of the store: none is dropped or refused")
