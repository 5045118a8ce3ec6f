"""Named steps of a run: their names, their options, and where a journal has them. Pure.

A step that calls a function is the record of that call, with the step's name among its options. A step that runs a
closure is a `StepStarted` and a `StepCompleted`, or only the latter when the closure asked for nothing; a named sleep
is a `TimerStarted` with the name as its target.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from actorflow.errors import Failure, invalid
from actorflow.likeness import close_names
from actorflow.run.event import FUNCTION_CALLED, STEP_COMPLETED, STEP_STARTED, TIMER_STARTED
from actorflow.run.retry import NO_RETRY, policy_of

STEP: Final = "step"
"""The call option that holds the name of the step."""
LONGEST_NAME: Final = 200
_KNOWN: Final = ("backoff", "delay", "max_delay", "on_exhausted", "options", "retries", "timeout")
_FACTORS: Final[Mapping[str, float]] = {"fixed": 1.0, "exponential": 2.0}
_NAMED: Final = frozenset({STEP_STARTED, STEP_COMPLETED, TIMER_STARTED})
_CALL_PARTS: Final = 2
_EXHAUSTED: Final = ("fail", "pause")


def step_of(kind: str, target: str, payload: Any) -> str:
    """Return the name of the step that a journal event belongs to, "" for none; `payload` is what it holds, decoded."""
    if kind in _NAMED:
        return target
    if kind != FUNCTION_CALLED or not isinstance(payload, list) or len(payload) != _CALL_PARTS:
        return ""
    options = payload[1]
    name = options.get(STEP, "") if isinstance(options, Mapping) else ""
    return name if isinstance(name, str) else ""


def check_name(name: Any, where: str = "workflow.step") -> None:
    """Do nothing if a step may have this name.

    Raises:
        Error: kind Invalid, when it is no text, empty, too long, or holds a `#`, which numbers repetitions.
    """
    if not isinstance(name, str) or not name or len(name) > LONGEST_NAME or "#" in name or "\0" in name:
        expected = (
            f"the name of a step: up to {LONGEST_NAME} characters without '#', which numbers its repetitions, and NUL"
        )
        raise invalid(f"{where}: got {name!r:.80}, expected {expected}")


_LONGEST_OPTION: Final = 40
"""Characters of what may be a misspelt option: to compare longer texts takes long."""


def call_options(options: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the options of the call that a step with these options makes.

    Raises:
        Error: kind Invalid, naming the option, what was got and what is expected.
    """
    for option in options:
        if option not in _KNOWN:
            raise _unknown(option)
    made = dict(_table(options.get("options"), "options"))
    made[STEP] = name
    retry = _retry(options)
    if retry:
        made["retry"] = {**_table(made.get("retry"), "options.retry"), **retry}
    if "timeout" in options:
        made["timeout"] = options["timeout"]
    if "on_exhausted" in options:
        made["on_exhausted"] = _one_of(options, "on_exhausted", _EXHAUSTED)
    return made


def misspelt(words: Sequence[Any]) -> bool:
    """Tell whether each of these is nearly the name of an option, so that one was probably meant."""
    near = (isinstance(word, str) and len(word) <= _LONGEST_OPTION for word in words)
    return all(near) and all(close_names(word, _KNOWN) for word in words)


def closure_wait(options: Mapping[str, Any], attempt: int, failure: Failure) -> int | None:
    """Return how long (nanoseconds) a closure waits after failed attempt number `attempt`, None for no further one.

    A closure is tried once unless `retries` says otherwise.

    Raises:
        Error: kind Invalid, for an option that is wrong.
    """
    retry = _retry(options)
    return policy_of({"retry": retry}, NO_RETRY).delay(attempt, failure) if "max_attempts" in retry else None


def _retry(options: Mapping[str, Any]) -> dict[str, Any]:
    retry: dict[str, Any] = {}
    retries = options.get("retries")
    if retries is not None:
        if isinstance(retries, bool) or not isinstance(retries, int) or retries < 0:
            raise invalid(f"step option retries: got {retries!r}, expected how many further attempts there are")
        retry["max_attempts"] = retries + 1
    if options.get("backoff") is not None:
        retry["backoff_factor"] = _FACTORS[_one_of(options, "backoff", tuple(_FACTORS))]
    if options.get("delay") is not None:
        retry["initial_delay"] = options["delay"]
    elif retry:
        retry["initial_delay"] = "1s"
    if options.get("max_delay") is not None:
        retry["max_delay"] = options["max_delay"]
    return retry


def _table(value: Any, option: str) -> Mapping[str, Any]:
    if value is None or isinstance(value, Mapping):
        return value or {}
    raise invalid(f"step option {option}: got {value!r:.80}, expected a table of call options")


def _one_of(options: Mapping[str, Any], name: str, words: tuple[str, ...]) -> str:
    word = options[name]
    if word not in words:
        raise invalid(f"step option {name}: got {word!r}, expected {' or '.join(map(repr, words))}")
    return str(word)


def _unknown(option: Any) -> Exception:
    close = close_names(str(option), _KNOWN)
    hint = f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(_KNOWN)}"
    return invalid(f"step option {option!r} does not exist{hint}")
