"""Options in the words of the SDK: those of starts, of children and of calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from temporalio.api.enums.v1 import IndexedValueType as Indexed
from temporalio.common import (
    Priority,
    RetryPolicy,
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.workflow import ActivityCancellationType, ParentClosePolicy

from actorflow.errors import invalid
from actorflow.node.suggest import did_you_mean
from actorflow.notice import Notice
from actorflow.run import identity as rules
from hosts.workflow.option import StartOptions, option, start_options

if TYPE_CHECKING:
    from actorflow.notice import NoticeSink
    from actorflow.ports import SpawnRequest
    from actorflow.run import retry
    from hosts.workflow.terms import Terms

_CONFLICTS: Final = {
    rules.REJECT: WorkflowIDConflictPolicy.FAIL,
    rules.RETURN_EXISTING: WorkflowIDConflictPolicy.USE_EXISTING,
    rules.REPLACE: WorkflowIDConflictPolicy.TERMINATE_EXISTING,
}
_REUSES: Final = {
    rules.REUSE: WorkflowIDReusePolicy.ALLOW_DUPLICATE,
    rules.REUSE_FAILED: WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
    rules.REUSE_NEVER: WorkflowIDReusePolicy.REJECT_DUPLICATE,
}
_CLOSES: Final = {
    rules.CLOSE_TERMINATE: ParentClosePolicy.TERMINATE,
    rules.CLOSE_ABANDON: ParentClosePolicy.ABANDON,
    rules.CLOSE_CANCEL: ParentClosePolicy.REQUEST_CANCEL,
}
_LACKING: Final = {
    "hold": ("workflow.hold", "start it when it may begin"),
    "locks": ("workflow.lock_key", "use one workflow id for what must not overlap"),
    "queue": ("workflow.queue", "name a task queue with workflow.task_queue"),
}
_MIDDLE: Final = 3
_LOWEST: Final = 5
_TIME: Final = 20
"""Characters of the shortest time in RFC 3339."""


def options_of(request: SpawnRequest, notices: NoticeSink) -> StartOptions:
    """Return what a start asks for.

    Raises:
        Error: kind Invalid, for an option that is wrong, or that Temporal has nothing for.
    """

    def heard(notice: Notice) -> None:
        if notice.code != "option-ignored":  # those that mean nothing elsewhere mean something here
            notices(notice)

    options = start_options(request, heard)
    for name, (written, advice) in _LACKING.items():
        if getattr(options, name):
            raise invalid(f"option {written} is not available on a temporal.worker: {advice}")
    if options.on_conflict not in _CONFLICTS:
        known = "expected one of fail, use_existing, terminate_existing"
        raise invalid(f"option workflow.on_conflict: Temporal does not have {options.on_conflict!r}, {known}")
    return options


def conflict(options: StartOptions) -> WorkflowIDConflictPolicy:
    """Return what happens when the workflow id is held."""
    return _CONFLICTS[options.on_conflict]


def common(options: StartOptions, known: Mapping[str, int]) -> dict[str, Any]:
    """Return what a start by a client and one by a parent have in common."""
    return {
        "execution_timeout": span(options.execution_timeout),
        "run_timeout": span(options.run_timeout),
        "task_timeout": span(options.task_timeout),
        "id_reuse_policy": _REUSES[options.reuse],
        "retry_policy": None if options.retry is None else policy(options.retry),
        "cron_schedule": options.cron,
        "memo": dict(options.memo) or None,
        "search_attributes": typed(options.search, known) if options.search else None,
        "static_summary": options.summary or None,
        "static_details": options.details or None,
        "priority": priority(options.priority or 0),
    }


def of_client(options: StartOptions, request: SpawnRequest, known: Mapping[str, int]) -> dict[str, Any]:
    """Return the options of a start by a client."""
    return {
        **common(options, known),
        "start_delay": span(options.delay),
        "request_eager_start": option(request.options, "workflow.enable_eager_start") is True,
    }


def of_child(options: StartOptions, known: Mapping[str, int]) -> dict[str, Any]:
    """Return the options of a start by a parent.

    Raises:
        Error: kind Invalid, for what a parent cannot ask for.
    """
    if options.delay:
        raise invalid("option workflow.start_delay is not available for children on Temporal: sleep, then spawn")
    given = {name: value for name, value in common(options, known).items() if value is not None}
    return {**given, "parent_close_policy": _CLOSES[options.close]}


def of_call(terms: Terms, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a call.

    Raises:
        Error: kind Invalid, for what Temporal has nothing for.
    """
    lacking = {
        "transactional": terms.transactional,
        "on_unknown: ask or fail": terms.on_unknown != "retry",
        "on_exhausted: pause": terms.exhaustion is not None and bool(terms.exhaustion.pause or terms.exhaustion.after),
    }
    for name, given in lacking.items():
        if given:
            raise invalid(f"{name} is not available on a temporal.worker: a call is retried, or fails")
    whole = terms.whole
    waits = option(options, "activity.wait_for_cancellation")
    told = {
        "start_to_close_timeout": span(terms.start_to_close),
        "schedule_to_close_timeout": span(whole),
        "schedule_to_start_timeout": span(terms.schedule_to_start),
        "heartbeat_timeout": span(terms.heartbeat),
        "retry_policy": policy(terms.policy),
        "summary": option(options, "activity.summary"),
        "activity_id": terms.activity_id or None,
        "task_queue": option(options, "activity.task_queue"),
    }
    if waits is True:
        told["cancellation_type"] = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED
    if terms.priority is not None:
        told["priority"] = Priority(priority_key=terms.priority)
    return {name: value for name, value in told.items() if value is not None}


def policy(given: retry.RetryPolicy) -> RetryPolicy:
    """Return a retry policy; which kinds are tried again, the call itself says."""
    return RetryPolicy(
        initial_interval=timedelta(microseconds=max(given.initial // 1000, 1)),
        backoff_coefficient=max(given.factor, 1.0),
        maximum_interval=timedelta(microseconds=max(given.maximum, given.initial) // 1000) if given.maximum else None,
        maximum_attempts=given.attempts,
        non_retryable_error_types=sorted(given.never) or None,
    )


def priority(order: int) -> Priority:
    """Return a priority of ours, 0 in the middle and higher first, as Temporal's, from 1, the highest, to 5."""
    return Priority(priority_key=min(max(_MIDDLE - order, 1), _LOWEST)) if order else Priority.default


def span(nanoseconds: int) -> timedelta | None:
    """Return a duration, None for none."""
    return timedelta(microseconds=max(nanoseconds // 1000, 1000)) if nanoseconds else None


def typed(attributes: Mapping[str, Any], known: Mapping[str, int]) -> TypedSearchAttributes:
    """Return search attributes with the types that the cluster has for them.

    Raises:
        Error: kind Invalid, for one that it does not know or that is of another type.
    """
    given = ((name, value) for name, value in attributes.items() if value is not None)
    return TypedSearchAttributes([SearchAttributePair(key_of(name, value, known), of(value)) for name, value in given])


def updates(attributes: Mapping[str, Any], known: Mapping[str, int]) -> list[Any]:
    """Return the changes of search attributes; None removes one. Raises `Error` as `typed` does."""
    keys = {name: key_of(name, value, known) for name, value in attributes.items()}
    return [
        keys[name].value_unset() if value is None else keys[name].value_set(of(value))
        for name, value in attributes.items()
    ]


def key_of(name: str, value: Any, known: Mapping[str, int]) -> SearchAttributeKey[Any]:
    """Return the key of a search attribute, of the type that the cluster has for it.

    Raises:
        Error: kind Invalid, for one that it does not know, or whose value is of another type.
    """
    kind = known.get(name)
    if kind is None or kind not in _KEYS:
        advice = "name it with its type under `search_attributes:` of the temporal.client, or create it on the cluster"
        raise invalid(f"search attribute {name!r} is not known to the cluster{did_you_mean(name, known)}: {advice}")
    word, make, types = _KEYS[kind]
    if value is not None and (not isinstance(value, types) or (isinstance(value, bool) and bool not in types)):
        raise invalid(f"search attribute {name!r}: got {value!r:.80}, expected {word}")
    if word == _TIME_WORD and value is not None and _time(value) is None:
        raise invalid(f"search attribute {name!r}: got {value!r:.80}, expected {word}")
    return make(name)


def plain_attributes(attributes: TypedSearchAttributes) -> dict[str, Any]:
    """Return search attributes as data: a time as RFC 3339 text. Those of Temporal itself are left out."""
    pairs = [(pair.key.name, pair.value) for pair in attributes]
    return {name: _plain(value) for name, value in pairs if not name.startswith(_SYSTEM) and name not in _OWN}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return list(value) if isinstance(value, tuple | list) else value


_SYSTEM: Final = "Temporal"
_OWN: Final = frozenset({"BuildIds"})


def of(value: Any) -> Any:
    """Return the value of a search attribute as the SDK wants it: a time is one, a list a list."""
    return list(value) if isinstance(value, list | tuple) else (_time(value) or value)


def _time(value: Any) -> datetime | None:
    if not isinstance(value, str) or len(value) < _TIME or value[4] != "-":
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


_TIME_WORD: Final = "a time as RFC 3339 text"
_KEYS: Final[Mapping[int, tuple[str, Callable[[str], SearchAttributeKey[Any]], tuple[type, ...]]]] = {
    Indexed.INDEXED_VALUE_TYPE_TEXT: ("a text", SearchAttributeKey.for_text, (str,)),
    Indexed.INDEXED_VALUE_TYPE_KEYWORD: ("a text", SearchAttributeKey.for_keyword, (str,)),
    Indexed.INDEXED_VALUE_TYPE_INT: ("an integer", SearchAttributeKey.for_int, (int,)),
    Indexed.INDEXED_VALUE_TYPE_DOUBLE: ("a number", SearchAttributeKey.for_float, (int, float)),
    Indexed.INDEXED_VALUE_TYPE_BOOL: ("a boolean", SearchAttributeKey.for_bool, (bool,)),
    Indexed.INDEXED_VALUE_TYPE_DATETIME: (_TIME_WORD, SearchAttributeKey.for_datetime, (str,)),
    Indexed.INDEXED_VALUE_TYPE_KEYWORD_LIST: ("a list of texts", SearchAttributeKey.for_keyword_list, (list, tuple)),
}
