"""Running the same workflow on several hosts and comparing what comes of it: result, failure, and effects in order.

An effect is a function that was called, with its arguments, once however often it was attempted. What differs by nature
is not compared: PIDs, UUIDs and times are numbered in the order in which they first appear.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from actorflow.errors import TIMEOUT, Error, Failure, invalid
from actorflow.ports import CallRequest, Reply

if TYPE_CHECKING:
    from actorflow.hosting import Functions
    from actorflow.node.node import Node
    from actorflow.value import Value

_BY_NATURE: Final = re.compile(
    r"\{[^{}|@\s]*@?[^{}|\s]*\|[^{}]*\}"  # a PID
    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?:/\d+)*"  # a UUID, or the id of a child
    r"|\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}[0-9.]*(?:Z|[+-]\d{2}:\d{2})?"  # a time
)
_NOW: Final = (1_600_000_000, 4_000_000_000)
"""Seconds since 1970 between which a number is taken for a time, also in milli-, micro- and nanoseconds."""
_UNITS: Final = (1, 10**3, 10**6, 10**9)


@dataclass(frozen=True)
class Case:
    """A workflow to run: its entry, arguments, and the messages that it is sent with its start."""

    entry: str
    name: str
    args: tuple[Value, ...] = ()
    messages: tuple[tuple[str, tuple[Value, ...]], ...] = ()


@dataclass(frozen=True)
class Seen:
    """What came of a case on one host, without what differs by nature."""

    host: str
    result: Any
    failure: Any
    effects: tuple[str, ...]


class Ledger:
    """Functions that remember who called which; a call is written down once, at its first attempt."""

    def __init__(self, functions: Functions) -> None:
        """Hand every call on to `functions`."""
        self._functions = functions
        self._seen: set[str] = set()
        self.effects: list[tuple[str, str, tuple[Value, ...]]] = []

    def call(self, request: CallRequest, reply: Reply) -> Callable[[], None]:
        """See `ports.Functions.call`."""
        if request.invocation_id not in self._seen:
            self._seen.add(request.invocation_id)
            self.effects.append((request.caller, request.target, request.args))
        return self._functions.call(request, reply)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._functions, name)


def cases(entries: Sequence[Any], filters: Sequence[str]) -> Iterator[Case]:
    """Yield the cases of the workflows whose ids have one of these parts, of all without one.

    `meta.verify` of an entry is a list of cases with `name`, `args` and `messages` (topic and payload each); a workflow
    without it is run once, without arguments.

    Raises:
        Error: kind Invalid, naming the entry, for a case that is none.
    """
    for entry in entries:
        if filters and not any(part in entry.id for part in filters):
            continue
        written = entry.meta.get("verify", [{}])
        if not isinstance(written, list) or not all(isinstance(case, Mapping) for case in written):
            raise invalid(f"{entry.id}: meta.verify is {written!r:.80}, expected a list of cases such as {{args: [1]}}")
        for number, case in enumerate(written, 1):
            yield _case(entry.id, number, case)


def _case(entry: str, number: int, written: Mapping[str, Any]) -> Case:
    args, messages = written.get("args", []), written.get("messages", [])
    if not isinstance(args, list) or not isinstance(messages, list):
        raise invalid(f"{entry}: case {number} of meta.verify: args and messages are lists")
    pairs = []
    for message in messages:
        if not isinstance(message, list) or not message or not isinstance(message[0], str):
            raise invalid(f"{entry}: case {number} of meta.verify: got {message!r:.80}, expected [topic, data]")
        pairs.append((message[0], tuple(message[1:])))
    return Case(entry, str(written.get("name", number)), tuple(args), tuple(pairs))


async def verify(node: Node, case: Case, hosts: Sequence[str], timeout: float) -> list[Seen]:  # noqa: ASYNC109
    """Run a case on each host, one after another, and return what came of it.

    Raises:
        Error: kind Timeout, when a run takes longer than `timeout` seconds; NotFound for a host that there is not.
    """
    ledger = Ledger(node.functions)  # type: ignore[arg-type] # an open node has functions
    before, node.functions = node.functions, ledger
    try:
        return [await _seen(node, ledger, case, host, timeout) for host in hosts]
    finally:
        node.functions = before


async def _seen(node: Node, ledger: Ledger, case: Case, host: str, timeout: float) -> Seen:  # noqa: ASYNC109
    ledger.effects.clear()
    pid = await node.spawn(case.entry, host=host, args=case.args, messages=case.messages)
    value, failure = None, None
    try:
        value = await node.wait(pid, timeout=timeout)
    except Error as error:
        if error.kind == TIMEOUT and "timed out after" in error.message:
            await node.terminate(pid)
            raise
        failure = error.failure
    names = _Names()
    told = None if failure is None else _failure(failure)
    effects = tuple(f"{target}({_text(names.of(list(args)))})" for _, target, args in ledger.effects)
    return Seen(host, names.of(value), names.of(told), effects)


def _failure(failure: Failure) -> dict[str, Any]:
    details = {key: value for key, value in (failure.details or {}).items() if not key.startswith("_")}
    return {
        "kind": failure.kind,
        "message": failure.message,
        "final": failure.retryable is False,
        "details": details or None,
    }


def differences(seen: Sequence[Seen]) -> list[str]:
    """Say in what the hosts differ from the first one, nothing when they do not."""
    first, found = seen[0], []
    for other in seen[1:]:
        for what in ("result", "failure"):
            one, two = getattr(first, what), getattr(other, what)
            if _text(one) != _text(two):
                found.append(f"{what}: {first.host} {_text(one)}, {other.host} {_text(two)}")
        if first.effects != other.effects:
            what = "order of effects" if sorted(first.effects) == sorted(other.effects) else "effects"
            found.append(f"{what}: {first.host} {', '.join(first.effects)}; {other.host} {', '.join(other.effects)}")
    return found


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=repr)


class _Names:
    """Numbers for what differs by nature, in the order of appearance."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def of(self, value: Any) -> Any:
        """Return a value with such parts replaced."""
        if isinstance(value, str):
            return _BY_NATURE.sub(lambda found: self._name(found[0]), value)
        if isinstance(value, Failure):
            return self.of(_failure(value))
        if isinstance(value, Mapping):
            return {str(self.of(key)): self.of(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.of(item) for item in value]
        if isinstance(value, int | float) and not isinstance(value, bool) and _is_time(value):
            return "<time>"
        return value

    def _name(self, text: str) -> str:
        return self._known.setdefault(text, f"<{len(self._known) + 1}>")


def _is_time(value: float) -> bool:
    return any(_NOW[0] * unit <= value <= _NOW[1] * unit for unit in _UNITS)
