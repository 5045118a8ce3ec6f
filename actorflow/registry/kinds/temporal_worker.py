"""`temporal.worker`: where durable workflows run on a Temporal cluster."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from actorflow.duration import SECOND
from actorflow.registry.kind import Kind
from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.fields import Count, Database, Duration, Name, Positive, Reference
from actorflow.registry.kinds.lifecycle import Lifecycle
from actorflow.registry.kinds.limits import Limits

_Rate = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class WorkerOptions(Config):
    """The options of a worker; what the SDK for Python does not have is accepted, and said in a notice.

    Rates are per second, 0 for none. Empty texts are the SDK's own defaults. `max_cached_workflows` 0 replays each
    workflow from its history at every task.
    """

    max_concurrent_activity_execution_size: Positive = 1000
    max_concurrent_workflow_task_execution_size: Positive = 1000
    max_concurrent_local_activity_execution_size: Positive = 1000
    max_concurrent_nexus_task_execution_size: Positive = 1000
    max_concurrent_session_execution_size: Positive = 1000
    max_concurrent_activity_task_pollers: Positive = 20
    max_concurrent_workflow_task_pollers: Positive = 20
    max_concurrent_nexus_task_pollers: Positive = 20
    max_concurrent_eager_activity_execution_size: Count = 0
    worker_activities_per_second: _Rate = 0.0
    worker_local_activities_per_second: _Rate = 0.0
    task_queue_activities_per_second: _Rate = 0.0
    sticky_schedule_to_start_timeout: Duration = 5 * SECOND
    worker_stop_timeout: Duration = 0
    max_heartbeat_throttle_interval: Duration = 60 * SECOND
    default_heartbeat_throttle_interval: Duration = SECOND
    deadlock_detection_timeout: Duration = SECOND
    identity: str = ""
    build_id: str = ""
    deployment_name: str = ""
    use_versioning: bool = False
    default_versioning_behavior: Literal["", "pinned", "auto_upgrade"] = ""
    enable_session_worker: bool = False
    enable_logging_in_replay: bool = False
    disable_workflow_worker: bool = False
    local_activity_worker_only: bool = False
    disable_eager_activities: bool = False
    disable_registration_aliasing: bool = False
    max_cached_workflows: Count = 1000


class TemporalWorker(Config):
    """Where durable workflows run on a Temporal cluster.

    `client` is the connection, `task_queue` the queue it serves (the client's `tq_prefix` goes before it). `sources`
    is a database that every worker of the queue names, for scripts that are too large for a history. `limits` hold for
    its runs unless their entry says otherwise.
    """

    client: Reference
    task_queue: Name
    worker_options: WorkerOptions = WorkerOptions()
    sources: Database | None = None
    limits: Limits = Limits()
    lifecycle: Lifecycle = Lifecycle()


KIND = Kind(
    "temporal.worker",
    TemporalWorker,
    factory="hosts.temporal:make_worker",
    references={"client": ("temporal.client",), "sources": ("db.sql.*",)},
)
