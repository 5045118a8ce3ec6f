"""The settings of a workflow host, read from its entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from actorflow.duration import SECOND, to_nanoseconds
from actorflow.node.limit import slices_of, written_limits
from actorflow.ports import NO_SLICES
from actorflow.run.state import CANCELLED, COMPLETED, FAILED
from actorflow.store.group import ROWS
from actorflow.value import DEFAULT_LIMITS, Limits


class RunLimits(NamedTuple):
    """What one run is held to: `values` that it takes and gives, and the events and payload bytes of its journal.

    `crashes`: so many nodes may die while one of its calls is attempted, before it is paused; 0 for any number.
    """

    values: Limits = DEFAULT_LIMITS
    history_warn: int = 10_000
    history_pause: int = 50_000
    history_bytes: int = 50 * 1024 * 1024
    crashes: int = 10

    def under(self, written: Mapping[str, Any]) -> RunLimits:
        """Return these limits with what an entry writes (`payload`, `depth`, `history`) in place of its own."""
        if not written:
            return self
        values, history = self.values, written.get("history", {})
        return RunLimits(
            Limits(written.get("depth", values.depth), written.get("payload", values.size)),
            history.get("warn", self.history_warn),
            history.get("pause", self.history_pause),
            history.get("bytes", self.history_bytes),
            written.get("crashes", self.crashes),
        )


@dataclass(frozen=True, slots=True)
class Retention:
    """How long runs of a host are kept after their end (nanoseconds by how they ended); the newest `keep` runs stay.

    A way to end that is not named keeps runs for ever.
    """

    after: tuple[tuple[str, int], ...] = ()
    keep: int = 0


_DEFAULTS: Final = RunLimits()
_FOR_EVER: Final = Retention()


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
        limits: what its runs are held to, unless their entry says otherwise.
        slices: how long their code may run between two operations, likewise.
        retention: how long its runs are kept after their end.
        queues: the queues whose runs it lets begin by itself, None for all.
    """

    database: str = ""
    task_queue: str = ""
    concurrency: int = 200
    cache_runs: int = 1_000
    cache_bytes: int = 256 * 1024 * 1024
    cache_idle: int = 30 * SECOND
    group_rows: int = ROWS
    limits: RunLimits = _DEFAULTS
    slices: Mapping[str, int] = field(default_factory=lambda: NO_SLICES)
    retention: Retention = _FOR_EVER
    queues: frozenset[str] | None = None

    def unserved(self, queue: str) -> str:
        """Say that a run of this queue waits, and how it goes on; "" for one that the host serves."""
        if self.queues is None or queue in self.queues:
            return ""
        named = ", ".join(sorted(self.queues)) or "none"
        way = "`actorflow run release` lets it begin"
        return f"in queue {queue!r}, which its host does not serve (it serves {named}): {way}"


def settings_of(host_id: str, config: Any) -> Settings:
    """Return the settings in an entry's model, or in a mapping of its fields; what is not set has its default."""
    cache, base = _part(config, "cache"), Settings()
    written = written_limits(config)
    return Settings(
        database=_field(config, "database", ""),
        task_queue=_field(config, "task_queue", "") or host_id,
        concurrency=_field(config, "concurrency", base.concurrency),
        cache_runs=_field(cache, "runs", base.cache_runs),
        cache_bytes=_field(cache, "bytes", base.cache_bytes),
        cache_idle=to_nanoseconds(_field(cache, "idle", base.cache_idle), 1),
        group_rows=_field(_part(config, "group_commit"), "rows", base.group_rows),
        limits=base.limits.under(written),
        slices=slices_of(written),
        retention=_retention(_part(config, "retention")),
        queues=None if (queues := _field(config, "queues", None)) is None else frozenset(queues),
    )


def _retention(config: Any) -> Retention:
    ends = (COMPLETED, FAILED, CANCELLED)
    after = tuple((end, _field(config, end, None)) for end in ends)
    return Retention(
        tuple((end, to_nanoseconds(time, 1)) for end, time in after if time is not None), _field(config, "keep", 0)
    )


def _part(config: Any, name: str) -> Any:
    part = config.get(name) if isinstance(config, Mapping) else getattr(config, name, None)
    return {} if part is None else part


def _field(config: Any, name: str, default: Any) -> Any:
    value = config.get(name) if isinstance(config, Mapping) else getattr(config, name, None)
    return default if value is None else value
