"""Reading histories of Temporal page by page, from either end, and no further than is needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import (
    GetWorkflowExecutionHistoryRequest,
    GetWorkflowExecutionHistoryReverseRequest,
)

if TYPE_CHECKING:
    from temporalio.api.history.v1 import HistoryEvent
    from temporalio.client import WorkflowExecutionDescription

    from hosts.temporal.connection import TemporalClient

_PAGE: Final = 250
_NEWEST: Final = 1000
"""How many events are looked at for what nobody can say but the history: open timers, the failure of a task."""

Enough = Callable[["HistoryEvent"], bool]


class Histories:
    """The histories of one cluster."""

    def __init__(self, connection: TemporalClient) -> None:
        """Read through `connection`."""
        self._connection = connection

    async def read(
        self, run: WorkflowExecutionDescription, enough: Enough, *, newest_first: bool = False, page: int = _PAGE
    ) -> list[HistoryEvent]:
        """Return events of a run up to the one that is `enough`, or all; `page` are read at a time."""
        return list(await self._connection.run(lambda: self._read(run, enough, newest_first=newest_first, page=page)))

    async def _read(
        self, run: WorkflowExecutionDescription, enough: Enough, *, newest_first: bool, page: int
    ) -> list[HistoryEvent]:
        client = self._connection.client
        service, events = client.workflow_service, list["HistoryEvent"]()
        ask: Any = service.get_workflow_execution_history
        make: Any = GetWorkflowExecutionHistoryRequest
        if newest_first:
            ask, make = service.get_workflow_execution_history_reverse, GetWorkflowExecutionHistoryReverseRequest
        execution = WorkflowExecution(workflow_id=run.id, run_id=run.run_id)
        request = make(namespace=client.namespace, execution=execution, maximum_page_size=page)
        while True:
            answer = await ask(request, retry=True)
            for event in answer.history.events:
                events.append(event)
                if enough(event):
                    return events
            if not answer.next_page_token:
                return events
            request.next_page_token = answer.next_page_token

    async def newest(self, run: WorkflowExecutionDescription, kind: EventType.ValueType) -> HistoryEvent | None:
        """Return the newest event of a kind, None when there is none among the newest thousand."""
        count = iter(range(_NEWEST, -1, -1))
        events = await self.read(run, lambda event: event.event_type == kind or not next(count), newest_first=True)
        return events[-1] if events and events[-1].event_type == kind else None

    async def timers(self, run: WorkflowExecutionDescription) -> list[int]:
        """Return when the open timers are due that were started among the newest thousand events, in nanoseconds."""
        count = iter(range(_NEWEST, -1, -1))
        closed, due = set[str](), list[int]()
        for event in await self.read(run, lambda _event: not next(count), newest_first=True):
            if event.event_type == EventType.EVENT_TYPE_TIMER_FIRED:
                closed.add(event.timer_fired_event_attributes.timer_id)
            elif event.event_type == EventType.EVENT_TYPE_TIMER_CANCELED:
                closed.add(event.timer_canceled_event_attributes.timer_id)
            elif event.event_type == EventType.EVENT_TYPE_TIMER_STARTED:
                told = event.timer_started_event_attributes
                if told.timer_id not in closed:
                    due.append(event.event_time.ToNanoseconds() + told.start_to_fire_timeout.ToNanoseconds())
        return sorted(due)
