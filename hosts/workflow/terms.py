"""The terms of a function call: its options over the function's own, its retry policy and its time-out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from actorflow.duration import MILLISECOND, to_nanoseconds
from actorflow.errors import Error
from actorflow.run.retry import DURABLE_DEFAULT, RetryPolicy, policy_of

if TYPE_CHECKING:
    from actorflow.node.program import Entry, Registry

_KEPT: Final = 10_000
"""Functions whose terms are remembered; beyond that all are read again."""


class Terms(NamedTuple):
    """The terms of one call; `timeout` is in nanoseconds, 0 for none."""

    options: Mapping[str, Any]
    policy: RetryPolicy
    timeout: int


class TermsOf:
    """Finds the terms of calls. Those of calls without options are read once for each version of an entry."""

    def __init__(self, registry: Registry) -> None:
        """Read nothing yet."""
        self._registry = registry
        self._plain: dict[str, tuple[Entry, Terms]] = {}

    def __call__(self, target: str, options: Mapping[str, Any]) -> Terms:
        """Return the terms of a call; a target that is missing has no options of its own.

        Raises:
            Error: kind Invalid, naming the option that is wrong.
        """
        try:
            entry = self._registry.entry(target)
        except Error:
            return _terms(options)
        if options:
            return _terms({**entry.options, **options})
        known = self._plain.get(target)
        if known is None or known[0] is not entry:
            if len(self._plain) >= _KEPT:
                self._plain.clear()
            known = self._plain[target] = (entry, _terms(entry.options))
        return known[1]


def _terms(options: Mapping[str, Any]) -> Terms:
    policy = policy_of(options, DURABLE_DEFAULT)
    return Terms(options, policy, to_nanoseconds(options["timeout"], MILLISECOND) if "timeout" in options else 0)
