"""Placeholders in values: `${env:NAME}`, `${env:NAME|default}`, `${NAME|default}`, and `$${` for a literal `${`.

A placeholder that is the whole value takes the type of its default (`${env:PORT|80}` is an integer), or of the default
of the variable it names; a placeholder within text is replaced by text. Other forms of `${…}` are left as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, Protocol

from actorflow.errors import Error
from actorflow.registry.kinds.fields import Plain
from actorflow.registry.yaml_file import plain_scalar

_PLACEHOLDER: Final = re.compile(
    r"\$\$\{"
    r"|\$\{env:(?P<name>[^{}|]*)(?:\|(?P<default>[^{}]*))?(?P<end>\}?)"
    r"|\$\{(?P<short>[A-Z_][A-Z0-9_]*)\|(?P<short_default>[^{}]*)\}"
)
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]*")


class Lookup(Protocol):
    """Where placeholders find values: a mapping, or an `Environment`."""

    def get(self, name: str, /) -> Plain | None:
        """Return the value of a variable, None when it has none; may raise `Error`."""
        ...


class PlaceholderError(Exception):
    """A placeholder that has no value: what was got and what was expected."""

    def __init__(self, got: str, expected: str) -> None:
        """Say what is wrong."""
        super().__init__(got)
        self.got = got
        self.expected = expected


def has_placeholder(text: str) -> bool:
    """Tell whether `resolve` would change `text`, or refuse it."""
    return "${" in text and _PLACEHOLDER.search(text) is not None


def names_in(text: str) -> Iterator[str]:
    """Yield the names of the variables that the placeholders of a text refer to."""
    for match in _PLACEHOLDER.finditer(text):
        if name := match["name"] or match["short"]:
            yield name


def resolve(text: str, environment: Lookup) -> Any:
    """Return `text` with its placeholders replaced from `environment`.

    Raises:
        PlaceholderError: when one is malformed, or its variable is not set and it has no default.
    """
    whole = _PLACEHOLDER.fullmatch(text)
    if whole is not None and whole[0] != "$${":
        return _value(whole, environment)
    return _PLACEHOLDER.sub(lambda match: _text(match, environment), text)


def _text(match: re.Match[str], environment: Lookup) -> str:
    if match[0] == "$${":
        return "${"
    written, default = _lookup(match, environment)
    if isinstance(written, bool):
        return "true" if written else "false"
    return default if written is None else str(written)


def _value(match: re.Match[str], environment: Lookup) -> Any:
    written, default = _lookup(match, environment)
    typed = plain_scalar(default)
    if isinstance(written, str) and isinstance(typed, bool | int | float):
        return plain_scalar(written)
    if isinstance(typed, bool | int | float) and written is None:
        return typed
    return default if written is None else written


def _lookup(match: re.Match[str], environment: Lookup) -> tuple[Plain | None, str]:
    """Return what the variable holds (None if it is not set) and the default ("" if there is none)."""
    short = match["short"]
    name = short if short is not None else match["name"]
    default = match["default"] if short is None else match["short_default"]
    if short is None and (not match["end"] or not _NAME.fullmatch(name)):
        raise PlaceholderError(f"the placeholder {match[0][:60]!r}", "${env:NAME} or ${env:NAME|default}")
    try:
        written = environment.get(name)
    except Error as error:
        raise PlaceholderError(f"${{env:{name}}}: {error.message}", "a storage that can be read") from error
    if written is None and default is None:
        expected = f"{name} in the environment, or a default: ${{env:{name}|default}}"
        raise PlaceholderError(f"${{env:{name}}}, which is not set", expected)
    return written, default or ""
