"""Overrides: single fields of single entries replaced at launch, `ns:entry:path=value`.

A path is `kind`, `meta.x`, `data.x`, or `x` alone, which means `data.x`; further dots go deeper, numbers into lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from actorflow.registry.document import MAX_DEPTH, Path
from actorflow.registry.draft import Draft
from actorflow.registry.fault import Fault, Suggester, shown
from actorflow.registry.source_root import WrittenOverride
from actorflow.registry.yaml_file import parse_value


def parse_override(text: str) -> WrittenOverride | Fault:
    """Return the override that a command line argument means, its value read as YAML, or what is wrong with it."""
    target, equals, value = text.partition("=")
    if not equals:
        return Fault("file", f"-o {text}", 0, "", "no value", "ns:entry:path=value")
    return WrittenOverride(target.strip(), parse_value(value), f"-o {text}")


def apply_overrides(
    overrides: Iterable[WrittenOverride], drafts: Mapping[str, Draft], suggester: Suggester
) -> list[Fault]:
    """Change the drafts that the overrides name, later ones last; return what is wrong, all of file scope."""
    return [fault for override in overrides if (fault := _apply(override, drafts, suggester)) is not None]


def _apply(override: WrittenOverride, drafts: Mapping[str, Draft], suggester: Suggester) -> Fault | None:
    parts = override.target.split(":", 2)
    if len(parts) != 3 or not all(parts) or not _is_path(parts[2].split(".")):  # noqa: PLR2004 - ns, entry, path
        return _fault(override, repr(override.target), "ns:entry:path, the path being kind, meta.x or a field")
    entry = f"{parts[0]}:{parts[1]}"
    draft = drafts.get(entry)
    if draft is None:
        return _fault(override, f"the unknown entry {entry}", "the id of an entry", suggester.closest(entry))
    path: Path = tuple(parts[2].split("."))
    if path == ("kind",):
        return _set_kind(draft, override)
    if path[0] == "data" and len(path) > 1:
        path = path[1:]
    return _set_field(draft, path, override)


def _is_path(parts: list[str]) -> bool:
    return all(parts) and len(parts) <= MAX_DEPTH


def _set_kind(draft: Draft, override: WrittenOverride) -> Fault | None:
    if not isinstance(override.value, str) or not override.value.strip():
        return _fault(override, shown(override.value), "the name of a kind")
    draft.kind = override.value
    draft.overridden["kind",] = _named(override)
    return None


def _set_field(draft: Draft, path: Path, override: WrittenOverride) -> Fault | None:
    try:
        if path[0] == "meta":
            draft.meta = replaced({"meta": draft.meta}, path, override.value)["meta"]
        elif path == ("data",):
            draft.data = override.value
        else:
            draft.data = replaced({} if draft.data is None else draft.data, path, override.value)
    except NoWayError as error:
        return _fault(override, error.got, error.expected)
    draft.overridden[_typed(path, draft)] = _named(override)
    return None


class NoWayError(Exception):
    """A path that leads nowhere in a value: what was got on the way, and what was expected."""

    def __init__(self, got: str, expected: str) -> None:
        super().__init__(got)
        self.got = got
        self.expected = expected


def replaced(value: Any, path: Path, new: Any) -> Any:
    """Return a copy of `value` with `new` at `path`; maps on the way are made as needed.

    Raises:
        NoWayError: when the path leads through what is neither a map nor a list.
    """
    if not path:
        return new
    part, rest = str(path[0]), path[1:]
    if isinstance(value, dict):
        return {**value, part: replaced(value.get(part, {} if rest else None), rest, new)}
    if isinstance(value, list):
        if not part.isdecimal() or len(part) > 9 or int(part) >= len(value):  # noqa: PLR2004 - no list is longer
            raise NoWayError(f"{part!r} into a list of {len(value)}", "the number of an item, from 0")
        index = int(part)
        return [*value[:index], replaced(value[index], rest, new), *value[index + 1 :]]
    raise NoWayError(f"the path {part!r} into {shown(value)}", "a path through maps and lists")


def _typed(path: Path, draft: Draft) -> Path:
    """Return `path` with the parts that number list items as integers, as faults spell them."""
    value: Any = {"meta": draft.meta} if path[0] == "meta" else draft.data
    typed: list[str | int] = []
    for part in path:
        if isinstance(value, list):
            index = int(part)
            typed.append(index)
            value = value[index]
        else:
            typed.append(part)
            value = value.get(part) if isinstance(value, dict) else None
    return tuple(typed)


def _named(override: WrittenOverride) -> str:
    return f"{override.file}:{override.line}" if override.line else override.file


def _fault(override: WrittenOverride, got: str, expected: str, suggestion: str = "") -> Fault:
    return Fault("file", override.file, override.line, override.target, got, expected, suggestion)
