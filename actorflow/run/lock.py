"""Lock keys: what runs that must not overlap have in common. Pure.

A lock key is an identity beside the workflow id: one open run holds it at a time, from its first step to its end. A run
that has several of them gets all together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from actorflow.errors import invalid

_PREFIX: Final = "@lock/"
RUN_SCOPE: Final = "run"
SCOPE_EXPECTED: Final = (
    "'run': a lock is held from the first step to the end; what must not overlap while it executes only is a function, "
    "with a limit of 1 for each key (`limits: {per_key: {concurrency: 1}}`)"
)
_FIELD: Final = re.compile(r"\{([^{}]*)\}")
_SHOWN: Final = (str, int)


def lock_id(key: str) -> str:
    """Return the identity that the holder of a lock key has beside its workflow id."""
    return f"{_PREFIX}{key}"


def is_lock(identity: str) -> bool:
    """Tell whether an identity is that of a lock key: no workflow id may be."""
    return identity.startswith(_PREFIX)


def key_of(identity: str) -> str:
    """Return the lock key that an identity is that of, or the identity itself."""
    return identity.removeprefix(_PREFIX)


def lock_ids(templates: Sequence[str], args: Sequence[Any]) -> list[str]:
    """Return the identities of the lock keys of a run, each once and sorted; see `lock_key`."""
    return sorted({lock_id(lock_key(template, args)) for template in templates}) if templates else []


def lock_key(template: str, args: Sequence[Any]) -> str:
    """Return the lock key of a run with these arguments.

    `{path}` in the template is a text or integer of the first argument, `account-{customer.id}`; a path that begins
    with a number is one of that argument, counted from 0: `{1.id}`, `{0}`.

    Raises:
        Error: kind Invalid, naming the path that leads nowhere, or when the key is empty.
    """
    key = _FIELD.sub(lambda found: _shown(template, found[1], args), template)
    if not key:
        raise invalid(f"lock key {template!r}: got an empty key, expected text")
    return key


def _shown(template: str, path: str, args: Sequence[Any]) -> str:
    parts = path.split(".")
    value: Any = args if parts[0].isdecimal() else (args[0] if args else None)
    for part in parts:
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, Sequence) and not isinstance(value, str | bytes) and part.isdecimal():
            value = value[int(part)] if int(part) < len(value) else None
        else:
            value = None
    if not isinstance(value, _SHOWN) or isinstance(value, bool) or "\0" in str(value):
        expected = "text or an integer of the input"
        raise invalid(f"lock key {template!r}: got {value!r:.80} at {{{path}}}, expected {expected}")
    return str(value)
