"""The terms of a function call: its options over the function's own, its retry policy and its time-outs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from actorflow.duration import MILLISECOND, MINUTE, parse_rate, to_nanoseconds
from actorflow.errors import Error, invalid
from actorflow.run.retry import DURABLE_DEFAULT, POLICIES, RetryPolicy, policy_of
from hosts.workflow.call_options import flat, look
from hosts.workflow.exhaustion import Exhaustion, exhaustion_of
from hosts.workflow.option import option
from hosts.workflow.slots import Rate, SlotLimits
from hosts.workflow.stopping import WAIT

if TYPE_CHECKING:
    from actorflow.node.program import Entry, Registry
    from actorflow.notice import Notice, NoticeSink

_KEPT: Final = 10_000
"""Functions whose terms are remembered; beyond that all are read again."""
_START_TO_CLOSE: Final = 10 * MINUTE
_PREFIX: Final = "temporal."
_PRIORITY: Final = 3
_LOWEST: Final = 5

RETRY: Final = "retry"
ASK: Final = "ask"
FAIL: Final = "fail"
_WAYS: Final = (RETRY, ASK, FAIL)
"""What happens to a call that was running when its node ended: another attempt, the run pauses, the call fails."""


class Terms(NamedTuple):
    """The terms of one call; times are in nanoseconds, 0 for none.

    `timeout` is of the call with all its attempts, and so is `schedule_to_close`, which also ends a call at once when
    its next attempt would come too late. `start_to_close` and `heartbeat` are of one attempt, `schedule_to_start` of
    its wait for a slot. `on_unknown` says what happens when the node ended while an attempt ran, `exhaustion` what when
    all attempts have failed, None when the call does not say. `slots` limits the attempts of its function, in all and
    for each `key`, which is given or is at `key_path` in the arguments; 1 is the highest `priority`, None that of
    the run. A call whose terms are `plain` has no other time than `start_to_close`, no slots, and may be attempted
    again at any time.
    """

    options: Mapping[str, Any]
    policy: RetryPolicy
    timeout: int
    schedule_to_close: int
    start_to_close: int
    schedule_to_start: int
    heartbeat: int
    activity_id: str
    on_unknown: str
    exhaustion: Exhaustion | None
    transactional: bool
    slots: SlotLimits | None
    key: str
    key_path: str
    priority: int | None
    plain: bool

    @property
    def order(self) -> int:
        """By what a call that waits for a slot is served, lowest first."""
        return _PRIORITY if self.priority is None else self.priority

    @property
    def whole(self) -> int:
        """How long the call may take with all its attempts."""
        return min(filter(None, (self.timeout, self.schedule_to_close)), default=0)


def _unheard(_notice: Notice) -> None:
    """Take a notice that nobody is told of."""


class TermsOf:
    """Finds the terms of calls. Those of calls without options are read once for each version of an entry."""

    def __init__(self, registry: Registry, notices: NoticeSink = _unheard) -> None:
        """Read nothing yet; `notices` is told of options that mean nothing on a durable host of our own."""
        self._registry = registry
        self._notices = notices
        self._plain: dict[str, tuple[Entry, Terms]] = {}

    def __call__(self, target: str, options: Mapping[str, Any]) -> Terms:
        """Return the terms of a call; a target that is missing has no options of its own.

        Raises:
            Error: kind Invalid, naming the option that is wrong.
        """
        if options:
            options = flat(options)
            look(target, options, self._notices)
        try:
            entry = self._registry.entry(target)
        except Error:
            return _terms(options, {})
        if options:
            return _terms(_merged(flat(entry.options), options), entry.config)
        known = self._plain.get(target)
        if known is None or known[0] is not entry:
            if len(self._plain) >= _KEPT:
                self._plain.clear()
            presets = flat(entry.options)
            look(target, presets, self._notices, preset=True)
            known = self._plain[target] = (entry, _terms(presets, entry.config))
        return known[1]


def _merged(presets: Mapping[str, Any], options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return options over presets, however either spells them."""
    if not presets:
        return options
    options = {name.removeprefix(_PREFIX): value for name, value in options.items()}
    presets = {name.removeprefix(_PREFIX): value for name, value in presets.items()}
    if any(name in options for name in POLICIES):
        presets = {name: value for name, value in presets.items() if name not in POLICIES}
    return {**presets, **options}


def _terms(options: Mapping[str, Any], config: Any) -> Terms:
    terms = Terms(
        options,
        policy_of(options, DURABLE_DEFAULT),
        to_nanoseconds(options["timeout"], MILLISECOND) if "timeout" in options else 0,
        _duration(options, "activity.schedule_to_close_timeout", 0),
        _duration(options, "activity.start_to_close_timeout", _START_TO_CLOSE),
        _duration(options, "activity.schedule_to_start_timeout", 0),
        _duration(options, "activity.heartbeat_timeout", 0),
        _activity_id(options),
        _on_unknown(options, config),
        exhaustion_of(options),
        bool(_field(config, "transactional")),
        _slots(_field(config, "limits")),
        _text(options, "key"),
        str(_field(_field(config, "limits"), "key") or ""),
        _priority(options),
        plain=False,
    )
    return terms._replace(plain=_is_plain(terms))


def _is_plain(terms: Terms) -> bool:
    times = terms.whole or terms.schedule_to_start or terms.heartbeat or not terms.start_to_close
    return not (times or terms.transactional or terms.slots) and terms.on_unknown == RETRY


def _slots(limits: Any) -> SlotLimits | None:
    """Return what a function's `limits` allow, None when they limit no attempts."""
    per_key = _field(limits, "per_key")
    found = SlotLimits(
        _field(limits, "concurrency") or 0,
        _rate(_field(limits, "rate")),
        _field(per_key, "concurrency") or 0,
        _rate(_field(per_key, "rate")),
    )
    return None if found == SlotLimits() else found


def _rate(text: str | None) -> Rate | None:
    return Rate(*parse_rate(text)) if text else None


def inherited(terms: Terms, options: Mapping[str, Any]) -> Terms:
    """Return the terms of a call in a run with these start options: it has the priority of the run, or its own."""
    priority = options.get("priority")
    return terms if terms.priority is not None or not priority else terms._replace(priority=_PRIORITY - priority)


def _priority(options: Mapping[str, Any]) -> int | None:
    value = options.get("priority", option(options, "activity.priority"))
    if isinstance(value, Mapping):
        value = value.get("priority_key")
    if value is None:
        return None
    if type(value) is not int or not 1 <= value <= _LOWEST:
        raise invalid(f"option priority: got {value!r}, expected a whole number from 1, served first, to {_LOWEST}")
    return value


def _on_unknown(options: Mapping[str, Any], config: Any) -> str:
    value = options.get("on_unknown", _field(config, "on_unknown") or RETRY)
    if value not in _WAYS:
        raise invalid(f"option on_unknown: got {value!r}, expected one of {', '.join(_WAYS)}")
    return str(value)


def _field(config: Any, name: str) -> Any:
    return config.get(name) if isinstance(config, Mapping) else getattr(config, name, None)


def _duration(options: Mapping[str, Any], name: str, default: int) -> int:
    value = option(options, name)
    if value is None:
        return default
    try:
        wait = to_nanoseconds(value, MILLISECOND)
    except Error as error:
        raise invalid(f"option {name}: {error.message}") from None
    if wait < 0:
        raise invalid(f"option {name}: got {value!r}, expected a duration that is not negative")
    return wait


def _activity_id(options: Mapping[str, Any]) -> str:
    wait = option(options, WAIT)
    if wait is not None and not isinstance(wait, bool):
        raise invalid(f"option {WAIT}: got {wait!r:.80}, expected true or false")
    return _text(options, "activity.id")


def _text(options: Mapping[str, Any], name: str) -> str:
    value = option(options, name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise invalid(f"option {name}: got {value!r}, expected a text")
    return value
