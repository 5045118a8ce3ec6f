"""Memos and search attributes: what a run says of itself to people, at its start and with `workflow.attrs`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from actorflow.errors import Error, invalid
from actorflow.run.token import checked_key
from hosts.workflow.storable import check_name

_MOST: Final = 100
_LONGEST: Final = 2_048


def checked_memo(option: str, value: Any) -> dict[str, Any]:
    """Return a memo: a map of text keys to anything that may leave a process.

    Raises:
        Error: kind Invalid, naming the option.
    """
    return _table(option, value)


def checked_tokens(option: str, value: Any) -> dict[str, Any]:
    """Return the tokens a run begins with: a map of text keys to anything that may leave a process.

    Raises:
        Error: kind Invalid, naming the option or the key.
    """
    return {checked_key(key): item for key, item in _table(option, value).items()}


def checked_attributes(option: str, value: Any) -> dict[str, Any]:
    """Return search attributes: texts, numbers, booleans, lists of texts; a time is RFC 3339 text, None removes one.

    Raises:
        Error: kind Invalid, naming the option and the attribute.
    """
    found = _table(option, value)
    if at := next((name for name in found if name.startswith("@")), ""):
        raise _wrong(option, at, "names that do not begin with @")
    for name, item in found.items():
        check_name(f"option {option}", name)
        for text in item if isinstance(item, list | tuple) else (item,):
            if isinstance(text, str):
                check_name(f"option {option}.{name}", text)
        if not _is_attribute(item):
            expected = f"text of at most {_LONGEST} characters, a number, a boolean or a list of texts"
            raise _wrong(f"{option}.{name}", item, expected)
    return found


def _is_attribute(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return len(value) <= _MOST and all(isinstance(item, str) and len(item) <= _LONGEST for item in value)
    return value is None or isinstance(value, bool | int | float) or (isinstance(value, str) and len(value) <= _LONGEST)


def _table(option: str, value: Any) -> dict[str, Any]:
    if isinstance(value, list | tuple) and not value:
        value = {}  # an empty Lua table
    if not isinstance(value, Mapping) or not all(isinstance(name, str) and name for name in value):
        raise _wrong(option, value, "a table with text keys")
    if len(value) > _MOST:
        raise _wrong(option, f"{len(value)} keys", f"at most {_MOST}")
    return dict(value)


def _wrong(option: str, value: Any, expected: str) -> Error:
    return invalid(f"option {option}: got {value!r:.80}, expected {expected}")
