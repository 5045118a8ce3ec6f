"""Expansion of an entry's values: `file://` texts when it is loaded, placeholders and `<field>_env` when decoded."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final

from actorflow.errors import Error
from actorflow.registry.document import Path
from actorflow.registry.draft import Draft
from actorflow.registry.fault import Scope
from actorflow.registry.placeholder import Lookup, PlaceholderError, has_placeholder, names_in, resolve
from actorflow.registry.text_file import TextFiles, UnreadableError

_FILE: Final = "file://"
_LITERAL: Final = frozenset({("source",)})
"""Fields that are program text: a `${` in them is the program's own."""
_SIBLING: Final = "_env"


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


def resolve_placeholders(draft: Draft, environment: Lookup) -> tuple[Any, Any, bool]:
    """Return the draft's data and meta with placeholders resolved, and whether there were any.

    Program text and what came from files is left alone. A placeholder without a value is an entry fault.
    """
    found = False

    def replace(text: str, path: Path) -> Any:
        nonlocal found
        if not has_placeholder(text) or path in _LITERAL or path in draft.origins:
            return text
        found = True
        draft.variables.update(names_in(text))
        try:
            return resolve(text, environment)
        except PlaceholderError as error:
            draft.add(path, error.got, error.expected)
            return text

    return _mapped(draft.data, (), replace), _mapped(draft.meta, ("meta",), replace), found


def take_siblings(
    draft: Draft, value: dict[Any, Any], known: Collection[str], environment: Lookup, base: Path = ()
) -> dict[Any, Any]:
    """Return `value` with each `<field>_env: NAME` replaced by `<field>` with the value of the variable NAME.

    That is done for the `known` fields of the map at `base`. A variable without a value leaves the field as it is
    written; when it is not written either, that is an entry fault.
    """
    names = [key for key in value if isinstance(key, str) and key.endswith(_SIBLING) and key not in known]
    taken = [key for key in names if key.removesuffix(_SIBLING) in known and isinstance(value[key], str)]
    if not taken:
        return value
    fields = {key: item for key, item in value.items() if key not in taken}
    for key in taken:
        name, found = value[key], None
        try:
            found = environment.get(name)
        except Error as error:
            draft.add((*base, key), f"{name}: {error.message}", "a storage that can be read")
        field = key.removesuffix(_SIBLING)
        if found is not None:
            fields[field] = found
        elif field not in fields:
            draft.add(
                (*base, key), f"{name}, which is not set", f"{name} in the environment, or `{field}:` for that case"
            )
    return fields


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
