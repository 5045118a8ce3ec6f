"""Placeholders in values: `${env:NAME}`, `${env:NAME|default}`, `${NAME|default}`, and `$${` for a literal `${`.

A placeholder that is the whole value takes the type of its default (`${env:PORT|80}` is an integer); a placeholder
within text is replaced by text. Other forms of `${…}` are left as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from actorflow.registry.yaml_file import plain_scalar

_PLACEHOLDER: Final = re.compile(
    r"\$\$\{"
    r"|\$\{env:(?P<name>[^{}|]*)(?:\|(?P<default>[^{}]*))?(?P<end>\}?)"
    r"|\$\{(?P<short>[A-Z_][A-Z0-9_]*)\|(?P<short_default>[^{}]*)\}"
)
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]*")


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


def resolve(text: str, environment: Mapping[str, str]) -> Any:
    """Return `text` with its placeholders replaced from `environment`.

    Raises:
        PlaceholderError: when one is malformed, or its variable is not set and it has no default.
    """
    whole = _PLACEHOLDER.fullmatch(text)
    if whole is not None and whole[0] != "$${":
        return _value(whole, environment)
    return _PLACEHOLDER.sub(lambda match: _text(match, environment), text)


def _text(match: re.Match[str], environment: Mapping[str, str]) -> str:
    if match[0] == "$${":
        return "${"
    written, default = _lookup(match, environment)
    return default if written is None else written


def _value(match: re.Match[str], environment: Mapping[str, str]) -> Any:
    written, default = _lookup(match, environment)
    typed = plain_scalar(default)
    if isinstance(typed, bool | int | float):
        return typed if written is None else plain_scalar(written)
    return default if written is None else written


def _lookup(match: re.Match[str], environment: Mapping[str, str]) -> tuple[str | None, str]:
    """Return what the variable holds (None if it is not set) and the default ("" if there is none)."""
    short = match["short"]
    name = short if short is not None else match["name"]
    default = match["default"] if short is None else match["short_default"]
    if short is None and (not match["end"] or not _NAME.fullmatch(name)):
        raise PlaceholderError(f"the placeholder {match[0][:60]!r}", "${env:NAME} or ${env:NAME|default}")
    written = environment.get(name)
    if written is None and default is None:
        expected = f"{name} in the environment, or a default: ${{env:{name}|default}}"
        raise PlaceholderError(f"${{env:{name}}}, which is not set", expected)
    return written, default or ""
