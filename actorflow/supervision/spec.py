"""What is written about a service: the `lifecycle` of its registry entry, as a value with the defaults filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

from actorflow.duration import SECOND, to_nanoseconds
from actorflow.errors import invalid
from actorflow.names import parse_id, resolve_id

REQUIRED: Final = "required"
OPTIONAL: Final = "optional"


def _check(name: str, value: object, holds: bool, expected: str) -> None:  # noqa: FBT001 - the fact to assert
    if not holds:
        raise invalid(f"lifecycle {name}: got {value!r}, expected {expected}", field=name)


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """How a failed service comes back. A 0 means the default, except in `max_attempts`, where it means no limit.

    Attributes:
        initial_delay: nanoseconds before the first restart.
        max_delay: most nanoseconds between two runs, before the jitter.
        backoff_factor: by how much each delay is longer than the one before; at least 1.
        jitter: fraction of the delay, 0 to 1, by which it is varied to both sides.
        max_attempts: most consecutive failed runs, the first included; 0 is no limit.
    """

    initial_delay: int = 1 * SECOND
    max_delay: int = 90 * SECOND
    backoff_factor: float = 2.0
    jitter: float = 0.1
    max_attempts: int = 0

    def __post_init__(self) -> None:
        """Replace zeros by the defaults, and refuse what has no meaning."""
        for item in fields(self):
            if not getattr(self, item.name):
                object.__setattr__(self, item.name, item.default)
        _check("initial_delay", self.initial_delay, self.initial_delay > 0, "a positive duration")
        _check("max_delay", self.max_delay, self.max_delay > 0, "a positive duration")
        _check("backoff_factor", self.backoff_factor, 1 <= self.backoff_factor < float("inf"), "at least 1")
        _check("jitter", self.jitter, 0 <= self.jitter <= 1, "a fraction from 0 to 1")
        _check("max_attempts", self.max_attempts, self.max_attempts >= 0, "0 (no limit) or more")

    def delay(self, attempts: int, jitter: float) -> int:
        """Return the nanoseconds to wait after `attempts` failed runs (1, 2, …).

        `jitter` is a draw, uniform in [0, 1); 0.5 leaves the delay as it is. It is applied after the cap.
        """
        try:
            grown = self.initial_delay * self.backoff_factor ** (attempts - 1)
        except OverflowError:
            grown = self.max_delay
        return int(min(grown, self.max_delay) * (1 + self.jitter * (2 * jitter - 1)))


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """One service as its registry entry describes it. Durations are nanoseconds.

    Attributes:
        id: registry id of the entry.
        auto_start: whether it starts with the node.
        startup: `required`: whoever boots waits for it; `optional`: it may keep trying in the background.
        start_timeout: how long a start may take before it counts as failed.
        stop_timeout: how long a stop may take before the service is killed.
        stable_threshold: a run that lasted this long resets the count of failed runs.
        requires: full ids of what must run before it.
        restart: how it comes back after a failure.
    """

    id: str
    auto_start: bool = False
    startup: str = REQUIRED
    start_timeout: int = 10 * SECOND
    stop_timeout: int = 10 * SECOND
    stable_threshold: int = 5 * SECOND
    requires: tuple[str, ...] = ()
    restart: RestartPolicy = field(default_factory=RestartPolicy)

    def __post_init__(self) -> None:
        """Refuse what has no meaning."""
        _check("startup", self.startup, self.startup in {REQUIRED, OPTIONAL}, f"{REQUIRED!r} or {OPTIONAL!r}")
        for name in ("start_timeout", "stop_timeout", "stable_threshold"):
            _check(name, getattr(self, name), getattr(self, name) >= 0, "a duration that is not negative")

    @classmethod
    def from_lifecycle(cls, entry: str, lifecycle: Mapping[str, Any]) -> ServiceSpec:
        """Return the spec of `entry` from its `lifecycle` mapping; what is absent or None keeps its default.

        Durations are text (`10s`) or integer nanoseconds. `requires` and the older `depends_on` are one list;
        relative ids are in the namespace of `entry`. Other keys (`security`) are not supervision's and are ignored.

        Raises:
            Error: kind Invalid, naming the field.
        """
        known = {"auto_start", "startup", "start_timeout", "stop_timeout", "stable_threshold"}
        plain = {name: _read(name, item) for name, item in lifecycle.items() if name in known and item is not None}
        restart = {name: _read(name, item) for name, item in (lifecycle.get("restart") or {}).items()}
        listed = (*(lifecycle.get("requires") or ()), *(lifecycle.get("depends_on") or ()))
        namespace = parse_id(entry).namespace
        requires = tuple(dict.fromkeys(resolve_id(reference, namespace) for reference in listed))
        names = {item.name for item in fields(RestartPolicy)}
        policy = RestartPolicy(**{name: item for name, item in restart.items() if name in names and item is not None})
        return cls(entry, **plain, requires=requires, restart=policy)


def _read(name: str, value: Any) -> Any:
    if name.endswith(("_timeout", "_delay", "_threshold")) and value is not None:
        return to_nanoseconds(value, 1)
    return value
