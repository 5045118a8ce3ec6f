"""The terms a run begins under: when it takes its first steps, when its time is over, and what its start event keeps.

A start without options has no terms: its start event and its row are as small as they can be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from actorflow.duration import MILLISECOND, SECOND
from actorflow.module.cron import Cron
from actorflow.run.retry import RetryPolicy
from actorflow.run.token import TAKEN_OVER
from actorflow.run.turn import EXPIRY, NEVER, RELEASE
from hosts.workflow.option import IDENTITY, StartOptions

if TYPE_CHECKING:
    from actorflow.bundle import Bundle

_KILL: Final = 250 * MILLISECOND
_WARN: Final = 10 * MILLISECOND
"""What a slice may take where nobody says otherwise (docs/configuration.md)."""
_NONE: Final = StartOptions()
_UNKEPT: Final = IDENTITY | {"bare"}


class Link(NamedTuple):
    """What a run takes over from the one that it follows in its chain.

    Attributes:
        workflow_id: that of both. key: the id held beside it, or "". due: when it begins, Unix nanoseconds.
        attempt: 1, or one more than the run that failed. previous, first: run ids. reason: why it waits.
        execution_deadline: when the time of the chain is over, or 0. tokens: what the other took over as it began.
    """

    workflow_id: str
    key: str
    due: int
    attempt: int
    previous: str
    first: str
    reason: str
    execution_deadline: int
    tokens: Mapping[str, Any] = MappingProxyType({})


class Waits(NamedTuple):
    """What a start waits for beside a moment: `queued` and `unserved` in words, or "", and the run that it follows."""

    queued: str = ""
    unserved: str = ""
    link: Link | None = None


_AT_ONCE: Final = Waits()


@dataclass(slots=True)
class Terms:
    """What the options of a start come to.

    Attributes:
        payload: what the start event holds beside the usual. timers: (ref, due). held: whether its first steps wait.
        reason: why they do. ready: whether the run stands in line at once for what it waits for beside a moment.
    """

    payload: dict[str, Any] = field(default_factory=dict)
    timers: list[tuple[int, int]] = field(default_factory=list)
    held: bool = False
    reason: str = ""
    ready: bool = True


def terms_of(options: StartOptions, now: int, waits: Waits) -> Terms | None:
    """Return the terms of a start at `now`, None when nothing is asked and it waits for nothing."""
    kept, link = _kept(options), waits.link
    if not kept and waits == _AT_ONCE and not options.hold and not options.delay:
        return None
    terms = Terms({"options": kept})
    due = _begins(terms, options, now, waits)
    if link is not None:
        terms.payload |= {"attempt": link.attempt, "previous": link.previous, "first": link.first}
        if link.tokens:
            terms.payload[TAKEN_OVER] = dict(link.tokens)
    deadline = link.execution_deadline if link is not None else _after(now, options.execution_timeout)
    if deadline:
        terms.payload["execution_deadline"] = deadline
    expiry = expires(deadline, options.run_timeout, due) if not terms.held or due < NEVER else deadline
    if expiry:
        terms.timers.append((EXPIRY, expiry))
    if terms.held:
        terms.payload["held"] = True
    return terms


def _begins(terms: Terms, options: StartOptions, now: int, waits: Waits) -> int:
    """Say when the first steps are taken, and why not now; NEVER when something else decides that."""
    due, (queued, unserved, link) = now, waits
    if link is not None:
        due, terms.reason = link.due, link.reason
    elif options.hold:
        due, terms.reason = NEVER, "held: `actorflow run release` lets it begin"
    elif options.cron:
        due = Cron(options.cron).after(now) or NEVER
        terms.reason = f"begins at {instant(due)} by schedule"
    elif options.delay:
        due = now + options.delay
        terms.reason = f"begins at {instant(due)}"
    elif queued and not unserved:
        terms.reason = f"waits for {queued}"
    if unserved and not options.hold:
        terms.reason += f"{', ' if terms.reason else ''}{unserved}"
    terms.ready = due <= now and link is None and not unserved
    terms.held = bool(queued or unserved) or link is not None or options.hold or due > now
    if terms.held and not options.hold:
        terms.timers.append((RELEASE, due))
    elif options.hold and options.delay:
        terms.payload["due"] = now + options.delay
    return NEVER if queued or unserved else due


def expires(execution_deadline: int, run_timeout: int, begun: int) -> int:
    """Return when the time of a run is over that begins at `begun`, 0 for never."""
    ends = [end for end in (execution_deadline, _after(begun, run_timeout)) if end]
    return min(ends, default=0)


def _after(now: int, span: int) -> int:
    return now + span if span else 0


def _kept(options: StartOptions) -> dict[str, Any]:
    if options.bare:
        return {}
    plain = {name: value for name, value in _fields(options) if value != getattr(_NONE, name)}
    if options.retry is not None:
        policy = asdict(options.retry)
        plain["retry"] = {**policy, "only": sorted(options.retry.only), "never": sorted(options.retry.never)}
    return plain


def _fields(options: StartOptions) -> list[tuple[str, Any]]:
    return [(name, getattr(options, name)) for name in StartOptions.__slots__ if name not in _UNKEPT]


def retry_of(options: Mapping[str, Any]) -> RetryPolicy | None:
    """Return the retry policy that a start event keeps."""
    kept = options.get("retry")
    if kept is None:
        return None
    return RetryPolicy(**{**kept, "only": frozenset(kept["only"]), "never": frozenset(kept["never"])})


def options_left(payload: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a run that continues another one: its own, with what it has said of itself since."""
    options = dict(payload.get("options", {}))
    for name, fact in (("memo", "memo"), ("search", "search_attributes")):
        if facts.get(fact) or name in options:  # all of it may have been removed since
            options[name] = dict(facts.get(fact, {}))
    return options


TELLING: Final = ("attempt", "options", "previous", "continued_from")
"""The fields of a start event that `told_of` reads; without them it says that this is the first attempt."""


def told_of(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `workflow.info()` says of a start event beside the identity of the run."""
    told: dict[str, Any] = {"attempt": payload.get("attempt", 1)}
    options = payload.get("options")
    if options is not None:
        told["memo"], told["search_attributes"] = dict(options.get("memo", {})), dict(options.get("search", {}))
        for name, key in (("cron_schedule", "cron"), ("priority", "priority"), ("summary", "summary")):
            if key in options:
                told[name] = options[key]
    previous = payload.get("previous") or payload.get("continued_from")
    if previous:
        told["first_run_id"], told["continued_from"] = payload.get("first") or previous, previous
    return told


FIRST_ATTEMPT: Final = told_of({})
"""What `told_of` returns for a start event that says none of `TELLING`."""


def bounded(bundle: Bundle, slices: Mapping[str, int], most: int) -> tuple[Bundle, Mapping[str, int]]:
    """Return a bundle and the limits of its host under which no slice takes more than `most` ns; 0: as they are."""
    if not most:
        return bundle, slices
    limits = bundle.options.get("limits", {})
    own = limits.get("slice", {})
    if most >= own.get("kill", slices.get("kill", _KILL)):
        return bundle, slices
    shorter = {"kill": most, "warn": min(most, own.get("warn", slices.get("warn", _WARN)))}
    options = {**bundle.options, "limits": {**limits, "slice": {**own, **shorter}}}
    return replace(bundle, options=options), {**slices, **shorter}


def instant(at: int) -> str:
    """Return a time as people read it."""
    return datetime.fromtimestamp(at / SECOND, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
