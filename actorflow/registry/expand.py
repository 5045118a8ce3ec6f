"""Expansion of an entry's values: `file://` texts read when it is loaded, placeholders resolved when decoded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from actorflow.registry.document import Path
from actorflow.registry.draft import Draft
from actorflow.registry.fault import Scope
from actorflow.registry.placeholder import PlaceholderError, has_placeholder, resolve
from actorflow.registry.text_file import TextFiles, UnreadableError

_FILE: Final = "file://"
_LITERAL: Final = frozenset({("source",)})
"""Fields that are program text: a `${` in them is the program's own."""


def read_files(draft: Draft, files: TextFiles, scope: Scope) -> None:
    """Replace every `file://` text of the draft's data and meta by the file's text; what fails stays, with a fault."""

    def read(text: str, path: Path) -> str:
        if not text.startswith(_FILE):
            return text
        try:
            content, draft.origins[path] = files.read(text, draft.path.parent)
        except UnreadableError as error:
            draft.add(path, error.got, error.expected, error.suggestion, scope)
            return text
        return content

    draft.data = _mapped(draft.data, (), read)
    draft.meta = _mapped(draft.meta, ("meta",), read)


def resolve_placeholders(draft: Draft, environment: Mapping[str, str]) -> tuple[Any, Any, bool]:
    """Return the draft's data and meta with placeholders resolved, and whether there were any.

    Program text and what came from files is left alone. A placeholder without a value is an entry fault.
    """
    found = False

    def replace(text: str, path: Path) -> Any:
        nonlocal found
        if not has_placeholder(text) or path in _LITERAL or path in draft.origins:
            return text
        found = True
        try:
            return resolve(text, environment)
        except PlaceholderError as error:
            draft.add(path, error.got, error.expected)
            return text

    return _mapped(draft.data, (), replace), _mapped(draft.meta, ("meta",), replace), found


def _mapped(value: Any, path: Path, change: Callable[[str, Path], Any]) -> Any:
    """Return `value` with every text in it changed; containers without a change are returned as they are."""
    if isinstance(value, str):
        return change(value, path) if "://" in value or "${" in value else value
    if isinstance(value, dict):
        items = {key: _mapped(item, (*path, key), change) for key, item in value.items()}
        return items if any(items[key] is not value[key] for key in items) else value
    if isinstance(value, list):
        parts = [_mapped(item, (*path, index), change) for index, item in enumerate(value)]
        return parts if any(part is not item for part, item in zip(parts, value, strict=True)) else value
    return value
