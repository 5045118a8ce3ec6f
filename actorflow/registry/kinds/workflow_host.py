"""`workflow.host`: where durable workflows run."""

from __future__ import annotations

from typing import Any

from pydantic import AliasChoices, Field

from actorflow.duration import SECOND
from actorflow.registry.kind import Kind
from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.fields import Count, Database, Duration, Positive, QueueNames, Size
from actorflow.registry.kinds.lifecycle import Lifecycle
from actorflow.registry.kinds.limits import Limits
from actorflow.registry.kinds.storage import Encryption, Retention


class Cache(Config):
    """How much of the live runs is kept in memory: by count, by bytes, and for how long an idle one stays."""

    runs: Count = 1_000
    bytes: Size = 256 << 20
    idle: Duration = 30 * SECOND


class GroupCommit(Config):
    """About how many rows ride in one transaction; nothing waits for others (docs/decisions/0007)."""

    rows: Positive = 500


class WorkflowHost(Config):
    """Where durable workflows run.

    `database` is the id of a `db.sql.*` entry, `memory` for runs that end with the node, or nothing for an SQLite
    file in the data directory. The fields of a `temporal.worker` are accepted: `task_queue` is an alias of the host,
    `client` and `worker_options` are ignored. Runs of other queues than `queues` wait until they are released by hand;
    without that it serves all.
    """

    database: Database | None = Field(None, validation_alias=AliasChoices("database", "store"))
    concurrency: Positive = 200
    cache: Cache = Cache()
    group_commit: GroupCommit = GroupCommit()
    limits: Limits = Limits()
    encryption: Encryption | None = None
    retention: Retention = Retention()
    client: Any = None
    task_queue: str = ""
    queues: QueueNames | None = None
    worker_options: Any = None
    lifecycle: Lifecycle = Lifecycle()


KIND = Kind(
    "workflow.host",
    WorkflowHost,
    factory="hosts.workflow.host:WorkflowHost",
    references={"database": ("db.sql.*",)},
)
