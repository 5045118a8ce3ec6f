"""What workflows of both languages have in common."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.fields import Duration, Positive, QueueName, refusal
from actorflow.run.lock import RUN_SCOPE, SCOPE_EXPECTED


class Workflow(Config):
    """What becomes of the runs of a workflow.

    `on_exhausted`, `pause_after` and `auto_resume_after`: when a run is paused over a call that keeps failing, unless
    the call or its function says so. `on_delete_data`: the function that says what stays of a run whose data are
    deleted. `strict`: the system whose narrower table of states holds for its runs. `lock_key`, `lock_keys`: runs that
    share one do not overlap; `{path}` in it is a text or integer of the input. `lock_scope`: how long it is held.
    `queue`: the one that its runs are in, if their start names none.
    """

    on_exhausted: Literal["fail", "pause"] | None = None
    pause_after: Positive | None = None
    auto_resume_after: Duration | None = None
    on_delete_data: str | None = None
    strict: Literal["luno", "workflowable"] | None = None
    lock_key: str | None = None
    lock_keys: list[str] = Field(default_factory=list)
    lock_scope: str = RUN_SCOPE
    queue: QueueName | None = None

    @field_validator("mailbox", mode="before", check_fields=False)
    @classmethod
    def _no_mailbox(cls, _value: Any) -> None:
        raise refusal("no `mailbox` on a workflow, whose signals are rows of the store: none is dropped or refused")

    @field_validator("lock_scope")
    @classmethod
    def _scope(cls, scope: str) -> str:
        if scope != RUN_SCOPE:
            raise refusal(SCOPE_EXPECTED)
        return scope

    @property
    def locks(self) -> list[str]:
        """All its lock keys, as they are written."""
        return [*([self.lock_key] if self.lock_key else []), *self.lock_keys]
