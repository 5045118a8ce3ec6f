"""Function calls as a process or the node makes them: presets of the function, id checks, retries, time-out."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from actorflow.duration import MILLISECOND, SECOND, to_nanoseconds
from actorflow.errors import TIMEOUT, UNAVAILABLE, Error, Failure, invalid
from actorflow.hosting import Functions
from actorflow.names import parse_id
from actorflow.ports import CallRequest, Outcome, Reply
from actorflow.run.retry import RetryPolicy, policy_of

if TYPE_CHECKING:
    from actorflow.node.node import Node

RETRY_DEFAULT: Final = RetryPolicy(initial=100 * MILLISECOND, factor=2.0, maximum=10 * SECOND, attempts=1)
"""What a `retry` table without these fields means on a host that is not durable; without a table nothing is retried."""
_JITTER: Final = 0.1


class Calls:
    """Calls registered functions for processes that are not durable. Without a `retry` option a call is one attempt."""

    def __init__(self, node: Node) -> None:
        """Call the functions of `node`."""
        self._node = node
        self._random = random.Random()  # noqa: S311 - it spreads retries, no more

    def call(self, request: CallRequest, reply: Reply) -> Callable[[], None]:
        """Call a function; the reply has its result. Returns what gives it up: then no reply comes.

        Options read here: `retry`, and `timeout` (of the call with all its attempts).
        """
        try:
            check_target(request.target)
            presets = self.presets(request.target)
            if presets:
                request = replace(request, options={**presets, **request.options})
            policy = policy_of(request.options, RETRY_DEFAULT)
            timeout = to_nanoseconds(request.options["timeout"], MILLISECOND) if "timeout" in request.options else 0
            functions = self._functions()
        except Error as error:
            reply(Outcome(failure=error.failure))
            return nothing
        if timeout <= 0 and policy.attempts <= 1:
            return functions.call(request, reply)
        attempts = _Attempts(self._node, functions, request, policy, reply)
        return attempts.begin(timeout, self._jitter(request.options))

    def presets(self, target: str) -> Mapping[str, Any]:
        """Return the default call options of a function; one that does not exist has none."""
        try:
            return self._node.registry.entry(target).options
        except Error:
            return {}

    def _functions(self) -> Functions:
        if self._node.functions is None:
            raise Error("this node runs no functions", UNAVAILABLE, retryable=True)
        return self._node.functions

    def _jitter(self, options: Mapping[str, Any]) -> Callable[[int], int]:
        share = options["retry"].get("jitter", _JITTER) if isinstance(options.get("retry"), Mapping) else _JITTER
        share = min(share, 1)
        return lambda wait: int(wait * (1 + self._random.uniform(-share, share)))


class _Attempts:
    """One call with its attempts and its time-out. Whatever goes on, an attempt or a wait, can be given up."""

    __slots__ = ("_expiry", "_functions", "_jitter", "_node", "_over", "_policy", "_reply", "_request", "_stop")

    _jitter: Callable[[int], int]

    def __init__(
        self, node: Node, functions: Functions, request: CallRequest, policy: RetryPolicy, reply: Reply
    ) -> None:
        self._node = node
        self._functions = functions
        self._request = request
        self._policy = policy
        self._reply = reply
        self._stop: Callable[[], None] = nothing
        self._expiry: Callable[[], None] = nothing
        self._over = False

    def begin(self, timeout: int, jitter: Callable[[int], int]) -> Callable[[], None]:
        """Start the first attempt; `timeout` in nanoseconds, 0 is none. Returns what gives the call up."""
        self._jitter = jitter
        self._start()
        if timeout > 0 and not self._over:
            self._expiry = self._node.after(timeout, self._expire)
        return self._give_up

    def _start(self) -> None:
        attempt = self._request.attempt
        stop = self._functions.call(self._request, self._answered)
        if self._request.attempt == attempt:  # else it has already failed, and `_stop` ends the wait for the next
            self._stop = stop

    def _give_up(self) -> None:
        self._over = True
        self._expiry()
        self._stop()

    def _expire(self) -> None:
        self._give_up()
        self._reply(Outcome(failure=Failure(f"call of {self._request.target} timed out", TIMEOUT)))

    def _answered(self, outcome: Outcome) -> None:
        if self._over:
            return
        failure, attempt = outcome.failure, self._request.attempt
        wait = None if failure is None else self._policy.delay(attempt, failure)
        if wait is None or self._policy.attempts <= 1:
            self._over = True
            self._expiry()
            self._reply(outcome)
            return
        self._request = replace(self._request, attempt=attempt + 1)
        self._stop = self._node.after(self._jitter(wait), self._start)


def check_target(target: Any) -> None:
    """Do nothing if `target` is a full function id.

    Raises:
        Error: kind Invalid, when it is empty or lacks its namespace or name.
    """
    if not isinstance(target, str) or not all(parse_id(target)):
        raise invalid(f"not a function id: got {target!r}, expected 'namespace:name'")


def nothing() -> None:
    """Give up what has already been answered."""
