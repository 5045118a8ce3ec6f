"""The names of the start options of durable runs, for whoever asks for a start from outside of a script.

A script's unknown options are its host's business, which notices them. A person who types one, or a program beside the
node, hears nothing of notices: there they are refused before anything starts. Names with a prefix that is not ours may
be those of another host's options and pass.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Any, Final

from actorflow.errors import invalid
from actorflow.likeness import close_names

OURS: Final = "workflow."
PREFIX: Final = "temporal."
ELSEWHERE: Final = frozenset({"versioning_override", "versioning_intent", "enable_eager_start"})
"""Options that only mean something on Temporal."""
NAMES: Final = frozenset(
    {
        *("id", "key", "on_conflict", "id_conflict_policy", "id_reuse_policy"),
        *("execution_error_when_already_started", "execution_timeout", "run_timeout", "task_timeout"),
        *("start_delay", "hold", "retry_policy", "cron_schedule", "memo", "search_attributes"),
        *("parent_close_policy", "priority", "queue", "task_queue", "namespace", "wait_for_cancellation"),
        "cancellation_type",
        *("summary", "static_summary", "details", "static_details"),
        *("lock_key", "lock_keys", "lock_scope", "tokens"),
        *ELSEWHERE,
    }
)
"""Every start option, without its prefix."""
NESTED: Final = frozenset({"temporal", "workflow", "temporal.workflow"})
_FAMILIES: Final = ("workflow", "temporal")


def flattened(
    options: Mapping[Any, Any], nested: Container[str] = NESTED, prefix: str = ""
) -> Iterator[tuple[str, Any]]:
    """Iterate options by their dotted names, those in tables of the names `nested` too."""
    for key, value in options.items():
        path = f"{prefix}{key}"
        if path in nested and isinstance(value, Mapping):
            yield from flattened(value, nested, f"{path}.")
        else:
            yield path, value


def refuse_unknown(options: Mapping[Any, Any]) -> None:
    """Do nothing if every option that is ours by its name exists.

    Raises:
        Error: kind Invalid, naming the option and the closest one that exists.
    """
    for path, _ in flattened(options):
        ours = path.removeprefix(PREFIX)
        name = ours.removeprefix(OURS)
        known = name != ours and name in NAMES
        if not known and _is_ours(path):
            close = close_names(name.rpartition(".")[2], sorted(NAMES), cutoff=0.6)
            hint = f"did you mean '{OURS}{close[0]}'?" if close else f"there are {', '.join(sorted(NAMES))}"
            raise invalid(f"option {path} does not exist; {hint}")


def _is_ours(path: str) -> bool:
    """Tell whether a name has no prefix, one of ours, or what looks like one of them."""
    family, dot, _ = path.partition(".")
    return not dot or bool(close_names(family, _FAMILIES, cutoff=0.75))
