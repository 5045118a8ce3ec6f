"""Retry policies: whether a failed attempt is tried again, and when. Pure; durations are integer nanoseconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, Final

from actorflow.duration import MILLISECOND, SECOND, to_nanoseconds
from actorflow.errors import TIMEOUT, Failure, invalid


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When to try again.

    Attributes:
        initial: wait before the second attempt. factor: growth per attempt. maximum: cap of the wait, 0 = none.
        attempts: attempts in all, 0 = without limit.
        only: kinds that are retried, empty = all. never: kinds that are not.
    """

    initial: int = SECOND
    factor: float = 2.0
    maximum: int = 100 * SECOND
    attempts: int = 0
    only: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()

    def delay(self, attempt: int, failure: Failure) -> int | None:
        """Return the wait after failed attempt number `attempt` (from 1), or None when there is no next one."""
        if failure.retryable is False or (self.never and self._never(failure)):
            return None
        if self.only and failure.kind not in self.only:
            return None
        if self.attempts and attempt >= self.attempts:
            return None
        try:
            wait = self.initial * self.factor ** min(attempt - 1, 64)
        except OverflowError:
            wait = inf
        return int(min(wait, self.maximum or _LONGEST))

    def _never(self, failure: Failure) -> bool:
        """Tell whether failures of this sort are not retried; a time-out also has the name that Temporal gives it."""
        timeout_type = (failure.details or {}).get("timeout_type") if failure.kind == TIMEOUT else None
        name = str(timeout_type).title().replace("_", "")
        return failure.kind in self.never or f"TemporalTimeout:{name}" in self.never


DURABLE_DEFAULT: Final = RetryPolicy()
"""What a durable host does without a policy: 1 s, doubled up to 100 s, without limit."""

NO_RETRY: Final = RetryPolicy(attempts=1)
"""What a process host does without a policy."""

_TIMES: Final = 100
"""The longest wait of a policy written as Temporal's, in first waits, when the policy does not say."""

_LONGEST: Final = 2**62
"""Nanoseconds that a wait without a maximum grows to."""

POLICIES: Final = ("retry", "activity.retry_policy", "temporal.activity.retry_policy")
"""The options that hold a policy; the first one written counts."""

_NAMES: Final = {
    "initial_delay": "initial",
    "initial_interval": "initial",
    "max_delay": "maximum",
    "maximum_interval": "maximum",
    "backoff_factor": "factor",
    "backoff_coefficient": "factor",
    "max_attempts": "attempts",
    "maximum_attempts": "attempts",
    "retry_kinds": "only",
    "skip_kinds": "never",
    "non_retryable_error_types": "never",
    "jitter": "jitter",
}


def policy_of(options: Mapping[str, Any], default: RetryPolicy) -> RetryPolicy:
    """Return the policy that call options ask for: `retry`, or `activity.retry_policy` in either spelling.

    A `jitter` is accepted and not used by durable hosts: their waits are recorded, not drawn.

    Raises:
        Error: kind Invalid, naming the option, what was got and what is expected.
    """
    for name in POLICIES:
        if name in options:
            return retry_table(name, options[name], default)
    return default


def retry_table(name: str, table: Any, default: RetryPolicy) -> RetryPolicy:
    """Return the policy that a table under the option `name` asks for; what it leaves out is as in `default`.

    Raises:
        Error: kind Invalid, naming the option, what was got and what is expected.
    """
    if not isinstance(table, Mapping):
        message = f"option {name}: got {table!r}, expected a table such as {{max_attempts = 3}}"
        raise invalid(message)
    fields: dict[str, Any] = {}
    for key, value in table.items():
        field = _NAMES.get(_snake(str(key)))
        if field is None:
            message = f"option {name}.{key} does not exist; it may be one of {', '.join(sorted(_NAMES))}"
            raise invalid(message)
        fields[field] = _converted(f"{name}.{key}", field, value)
    fields.pop("jitter", None)
    if name != "retry" and "initial" in fields:
        fields.setdefault("maximum", _TIMES * fields["initial"])
    return RetryPolicy(
        initial=fields.get("initial", default.initial),
        factor=fields.get("factor", default.factor),
        maximum=fields.get("maximum", default.maximum),
        attempts=fields.get("attempts", 0),
        only=fields.get("only", frozenset()),
        never=fields.get("never", frozenset()),
    )


def _converted(path: str, field: str, value: Any) -> Any:
    if field in {"initial", "maximum"}:
        wait = to_nanoseconds(value, MILLISECOND)
        if wait < 0:
            message = f"option {path}: got {value!r}, expected a duration that is not negative"
            raise invalid(message)
        return wait
    if field in {"only", "never"}:
        if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
            return frozenset(value)
        message = f"option {path}: got {value!r}, expected a list of error kinds"
        raise invalid(message)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < inf:
        message = f"option {path}: got {value!r}, expected a number of at least 0"
        raise invalid(message)
    return int(value) if field == "attempts" else float(value)


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
