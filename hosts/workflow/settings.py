"""The settings of a workflow host, read from its entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from actorflow.duration import SECOND, to_nanoseconds
from actorflow.store.group import ROWS
from actorflow.value import DEFAULT_LIMITS, Limits


@dataclass(frozen=True, slots=True)
class Settings:
    """What a `workflow.host` entry sets, with the defaults.

    Attributes:
        database: id of a `db.sql.*` entry, "memory", or "" for the SQLite file in the data directory.
        task_queue: a second name of the host inside workflows.
        concurrency: function calls attempted at once.
        cache_runs, cache_bytes, cache_idle: how many machines are kept, how much they may weigh together (bytes), and
            how long an unused one stays (nanoseconds).
        group_rows: about how many rows are committed at once; of the hosts of one database, the first one's counts.
        limits: bounds on one payload. history_warn, history_pause: journal events.
    """

    database: str = ""
    task_queue: str = ""
    concurrency: int = 200
    cache_runs: int = 1_000
    cache_bytes: int = 256 * 1024 * 1024
    cache_idle: int = 30 * SECOND
    group_rows: int = ROWS
    limits: Limits = DEFAULT_LIMITS
    history_warn: int = 10_000
    history_pause: int = 50_000


def settings_of(host_id: str, config: Any) -> Settings:
    """Return the settings in an entry's model, or in a mapping of its fields; what is not set has its default."""
    cache, limits = _part(config, "cache"), _part(config, "limits")
    history = _part(limits, "history")
    base = Settings()
    return Settings(
        database=_field(config, "database", ""),
        task_queue=_field(config, "task_queue", "") or host_id,
        concurrency=_field(config, "concurrency", base.concurrency),
        cache_runs=_field(cache, "runs", base.cache_runs),
        cache_bytes=_field(cache, "bytes", base.cache_bytes),
        cache_idle=to_nanoseconds(_field(cache, "idle", base.cache_idle), 1),
        group_rows=_field(_part(config, "group_commit"), "rows", base.group_rows),
        limits=Limits(_field(limits, "depth", base.limits.depth), _field(limits, "payload", base.limits.size)),
        history_warn=_field(history, "warn", base.history_warn),
        history_pause=_field(history, "pause", base.history_pause),
    )


def _part(config: Any, name: str) -> Any:
    part = config.get(name) if isinstance(config, Mapping) else getattr(config, name, None)
    return {} if part is None else part


def _field(config: Any, name: str, default: Any) -> Any:
    value = config.get(name) if isinstance(config, Mapping) else getattr(config, name, None)
    return default if value is None else value
