"""The start options of a run: what a spawn request asks of a durable host, checked and with the defaults filled in.

Options are dotted names, `workflow.run_timeout`, also with the prefix `temporal.` or as nested tables; where one is
given twice the unprefixed one wins. Durations are integer nanoseconds here; a bare number given is milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from actorflow.duration import MILLISECOND, to_nanoseconds
from actorflow.errors import Error, invalid
from actorflow.module.cron import Cron
from actorflow.node.start_option import ELSEWHERE, NAMES, OURS, PREFIX, flattened
from actorflow.node.suggest import did_you_mean
from actorflow.notice import Notice
from actorflow.run import identity as rules
from actorflow.run.lock import RUN_SCOPE, SCOPE_EXPECTED, is_lock
from actorflow.run.retry import DURABLE_DEFAULT, RetryPolicy, retry_table
from hosts.workflow.attribute import checked_attributes, checked_memo, checked_tokens

if TYPE_CHECKING:
    from actorflow.notice import NoticeSink
    from actorflow.ports import SpawnRequest

IDENTITY: Final = frozenset({"workflow_id", "on_conflict", "reuse", "hold", "delay"})
"""Options that are used up by the start."""


@dataclass(frozen=True, slots=True)
class StartOptions:
    """What a start asks for.

    Attributes:
        workflow_id: as it was given or made of a key; "" when it is to be drawn.
        on_conflict: what to do when an open run holds it. reuse: what, when runs of it have ended.
        execution_timeout, run_timeout: nanoseconds that the chain and one run of it may take, 0 for ever.
        task_timeout: nanoseconds that a slice of its code may take, 0 for what the host says.
        delay: nanoseconds between the start and the first step. hold: whether it waits to be released by hand.
        retry: whether and when a failed run is followed by another one, None for never.
        cron: when the next run of the chain starts once one has ended, "" for never.
        memo, search: what people see of it, and find it by.
        close: what happens to it when its parent ends.
        priority: by this who waits for a slot, a lock key or an id is served, higher first; None: as its parent.
        queue: which one it is in, "" for that of its entry.
        summary, details: what people read about it. lock: what runs that must not overlap have in common, or "".
        tokens: the tokens it begins with. bare: whether nothing but what is used up by the start was given.
    """

    workflow_id: str = ""
    on_conflict: str = rules.REJECT
    reuse: str = rules.REUSE
    execution_timeout: int = 0
    run_timeout: int = 0
    task_timeout: int = 0
    delay: int = 0
    hold: bool = False
    retry: RetryPolicy | None = None
    cron: str = ""
    memo: Mapping[str, Any] = field(default_factory=dict)
    search: Mapping[str, Any] = field(default_factory=dict)
    close: str = rules.CLOSE_TERMINATE
    priority: int | None = None
    queue: str = ""
    summary: str = ""
    details: str = ""
    locks: Sequence[str] = ()
    tokens: Mapping[str, Any] = field(default_factory=dict)
    bare: bool = False


PLAIN: Final = StartOptions(bare=True)
"""The options of a start that asks for none."""


def start_options(request: SpawnRequest, notices: NoticeSink, namespace: str = "") -> StartOptions:
    """Return what a spawn request asks for; an option that does not exist or means nothing here is a notice.

    `namespace` is the name of the store, the only one that its runs can be in.

    Raises:
        Error: kind Invalid, naming the option, what was got and what is expected.
    """
    if not request.options and not request.name:
        return PLAIN
    written = dict(_written(request.options, notices))
    values = {name: _READ[name](f"{OURS}{name}", value) for name, value in written.items()}
    for option, reason in _idle(values, written, namespace):
        notices(Notice("option-ignored", f"option {OURS}{option} means nothing on this host: {reason}"))
    fields = {_FIELDS.get(name, name): value for name, value in values.items() if name not in _APART}
    _identify(request, values, fields)
    if "lock_key" in values and "lock_keys" in values:
        fields["locks"] = [*values["lock_key"], *values["lock_keys"]]
    if is_lock(fields["workflow_id"]):
        raise _wrong("workflow.id", fields["workflow_id"], "an id that does not begin as lock keys do")
    if fields.get("cron") and fields.get("delay"):
        raise invalid("options workflow.cron_schedule and workflow.start_delay: got both, expected one of them")
    return StartOptions(**fields, bare=fields.keys() <= IDENTITY)


def _identify(request: SpawnRequest, values: Mapping[str, Any], fields: dict[str, Any]) -> None:
    """Fill in the workflow id, and what holds for it by the kind of call."""
    key, given = values.get("key", ""), values.get("id", "") or request.name
    if key and values.get("id"):
        raise invalid(f"options workflow.key and workflow.id: got {key!r} and {given!r}, expected one of them")
    conflict = rules.RETURN_EXISTING if given and not key else rules.REJECT
    if values.get("execution_error_when_already_started"):
        conflict = rules.REJECT
    if fields.get("reuse") == rules.TERMINATE_IF_RUNNING:
        fields["reuse"], conflict = rules.REUSE, rules.REPLACE
    for name in ("id_conflict_policy", "on_conflict"):
        conflict = values.get(name, conflict)
    fields["workflow_id"] = rules.keyed(request.entry, key) if key else given
    fields["on_conflict"] = conflict


def _written(options: Mapping[str, Any], notices: NoticeSink) -> Iterator[tuple[str, Any]]:
    """Iterate the options of workflows by their names without prefixes; the last of a name counts."""
    flat = list(flattened(options))
    prefixed = [(path.removeprefix(PREFIX), value) for path, value in flat if path.startswith(PREFIX)]
    for path, value in (*prefixed, *(pair for pair in flat if not pair[0].startswith(PREFIX))):
        if not path.startswith(OURS) or value is None:
            continue
        name = path.removeprefix(OURS)
        if name in _READ:
            yield name, value
        elif name in ELSEWHERE:
            notices(Notice("option-ignored", f"option {path} means nothing on this host: it is for Temporal"))
        else:
            notices(Notice("unknown-option", f"option {path} does not exist{did_you_mean(path, _KNOWN)}"))


def _idle(values: Mapping[str, Any], written: Mapping[str, Any], namespace: str) -> Iterator[tuple[str, str]]:
    """Iterate the options that are right and change nothing, with why."""
    if values.get("namespace", namespace) != namespace:
        yield "namespace", f"got {values['namespace']!r}, but a child is in the store of its parent, {namespace!r}"
    fair = _FAIR & written["priority"].keys() if isinstance(written.get("priority"), Mapping) else ()
    for name in sorted(fair):
        yield f"priority.{name}", "runs of one priority are served in the order of their start"


# ---- reading values ------------------------------------------------------------------------------------------------


def _text(option: str, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong(option, value, "a text")
    return value


def _name(option: str, value: Any) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise _wrong(option, value, "a non-empty text")
    return value


def _lock(option: str, value: Any) -> list[str]:
    return [_name(option, value)]


def _locks(option: str, value: Any) -> list[str]:
    if not isinstance(value, list | tuple) or not value:
        raise _wrong(option, value, "a list of lock keys, at least one")
    return [_name(f"{option}[{place}]", key) for place, key in enumerate(value)]


def _lock_scope(option: str, value: Any) -> str:
    if value != RUN_SCOPE:
        raise _wrong(option, value, SCOPE_EXPECTED)
    return str(value)


def _flag(option: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong(option, value, "true or false")
    return value


def _span(option: str, value: Any) -> int:
    try:
        span = to_nanoseconds(value, MILLISECOND)
    except (Error, OverflowError):
        span = -1
    if span < 0:
        raise _wrong(option, value, "a duration such as '10s', or a number of milliseconds")
    return span


def _cron(option: str, value: Any) -> str:
    text = _text(option, value).strip()
    try:
        due = Cron(text).after(0) if text else 0
    except Error as error:
        raise invalid(f"option {option}: {error.message}") from None
    if due is None:
        raise _wrong(option, value, "a schedule that is due at some time")
    return text


def _priority(option: str, value: Any) -> int:
    """Return a priority: a number, or that of Temporal's table with `priority_key`, from 1, the highest, to 5."""
    if isinstance(value, Mapping) and "priority_key" in value and set(value) <= {"priority_key", *_FAIR}:
        key = value["priority_key"]
        if isinstance(key, bool) or not isinstance(key, int) or not 1 <= key <= _LOWEST:
            raise _wrong(f"{option}.priority_key", key, f"an integer from 1, the highest, to {_LOWEST}")
        return _MIDDLE - key
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _MOST_PRIORITY:
        raise _wrong(option, value, f"an integer from -{_MOST_PRIORITY} to {_MOST_PRIORITY}, higher first")
    return value


def _retry(option: str, value: Any) -> RetryPolicy:
    return retry_table(option, value, DURABLE_DEFAULT)


def _wrong(option: str, value: Any, expected: str) -> Error:
    return invalid(f"option {option}: got {value!r:.80}, expected {expected}")


_MOST_PRIORITY: Final = 1_000_000
_MIDDLE: Final = 3
_LOWEST: Final = 5
_FAIR: Final = frozenset({"fairness_key", "fairness_weight"})
"""Parts of Temporal's table of priorities that are about who else is served."""
_READ: Final[Mapping[str, Any]] = {
    "id": _name,
    "key": _name,
    "on_conflict": rules.conflict_policy,
    "id_conflict_policy": rules.conflict_policy,
    "id_reuse_policy": rules.reuse_policy,
    "execution_error_when_already_started": _flag,
    "execution_timeout": _span,
    "run_timeout": _span,
    "task_timeout": _span,
    "start_delay": _span,
    "hold": _flag,
    "retry_policy": _retry,
    "cron_schedule": _cron,
    "memo": checked_memo,
    "search_attributes": checked_attributes,
    "parent_close_policy": rules.close_policy,
    "priority": _priority,
    "queue": _name,
    "task_queue": _name,
    "namespace": _text,
    "wait_for_cancellation": _flag,
    "cancellation_type": rules.cancellation_type,
    "summary": _text,
    "static_summary": _text,
    "details": _text,
    "static_details": _text,
    "lock_key": _lock,
    "lock_keys": _locks,
    "lock_scope": _lock_scope,
    "tokens": checked_tokens,
}
"""Every option that means something here, and what reads its value."""
_KNOWN: Final = [f"{OURS}{name}" for name in sorted(NAMES)]
_FIELDS: Final = {
    "id_reuse_policy": "reuse",
    "start_delay": "delay",
    "retry_policy": "retry",
    "cron_schedule": "cron",
    "search_attributes": "search",
    "parent_close_policy": "close",
    "static_summary": "summary",
    "static_details": "details",
    "lock_key": "locks",
    "lock_keys": "locks",
}
_ALIASES: Final = frozenset({"static_summary", "static_details", "lock_key"})
_APART: Final = frozenset(
    {
        *("id", "key", "on_conflict", "id_conflict_policy", "execution_error_when_already_started"),
        *("task_queue", "namespace", "wait_for_cancellation", "cancellation_type", "lock_scope"),
    }
)
"""Options that are used to identify a run, those of its caller, and those that say nothing more on one store."""


def option_names(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a start event keeps of options under the names and in the forms in which they are given."""
    names = {field: name for name, field in _FIELDS.items() if name not in _ALIASES}
    given = {names.get(field, field): value for field, value in kept.items()}
    for name in ("execution_timeout", "run_timeout", "task_timeout"):
        if name in given:
            given[name] = f"{given[name]}ns"
    if "retry_policy" in given:
        given["retry_policy"] = _policy(given["retry_policy"])
    return given


def _policy(kept: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "initial_interval": f"{kept['initial']}ns",
        "backoff_coefficient": kept["factor"],
        "maximum_interval": f"{kept['maximum']}ns",
        "maximum_attempts": kept["attempts"],
        "retry_kinds": list(kept["only"]),
        "skip_kinds": list(kept["never"]),
    }


def task_queue(options: Mapping[str, Any]) -> str:
    """Return the host that a start names with `workflow.task_queue`, by its id or its task queue; "" for none.

    Raises:
        Error: kind Invalid, when it is no text.
    """
    name = option(options, "workflow.task_queue")
    return "" if name is None else _name("workflow.task_queue", name)


def option(options: Mapping[str, Any], name: str) -> Any:
    """Return an option by its dotted name: unprefixed, with the prefix `temporal.`, or in nested tables."""
    if not options:
        return None
    for key in (name, f"{PREFIX}{name}"):
        if key in options:
            return options[key]
    for path in (name.split("."), ["temporal", *name.split(".")]):
        value: Any = options
        for part in path:
            value = value.get(part) if isinstance(value, Mapping) else None
        if value is not None:
            return value
    return None
