"""Requirements: what a module leaves open (`ns.requirement`) is put into its entries before anything reads them.

An `ns.dependency` of whoever uses the module says it as a parameter, by the requirement's name or id; else the default
counts, where the target says nothing itself. The entries stay data: nothing but their targets changes. What cannot be
done is a notice, and the target stays as written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from actorflow.registry.document import MAX_DEPTH, Path
from actorflow.registry.draft import Draft
from actorflow.registry.fault import Suggester, shown
from actorflow.registry.override import NoWayError, replaced

_REQUIREMENT: Final = "ns.requirement"
_DEPENDENCY: Final = "ns.dependency"
_APPEND: Final = "+="


class _Answer(NamedTuple):
    """A value for a requirement, who gives it, and whether it is no more than the default."""

    value: Any
    by: Draft
    is_default: bool


class _Parameter(NamedTuple):
    """One parameter of a dependency; `namespace` is that of its component, "" when it names none."""

    name: str
    namespace: str
    answer: _Answer


def meet_requirements(drafts: Mapping[str, Draft], suggester: Suggester) -> None:
    """Change the entries that requirements target; notices are added to the requirements."""
    required = [draft for draft in drafts.values() if draft.kind == _REQUIREMENT]
    if not required:
        return
    parameters = [one for draft in drafts.values() if draft.kind == _DEPENDENCY for one in _parameters(draft)]
    for draft in required:
        answer = _answer(draft, parameters)
        if answer is not None:
            for index, target in enumerate(_listed(draft, "targets")):
                _meet(draft, ("targets", index), target, answer, drafts, suggester)


def _listed(draft: Draft, field: str) -> list[Any]:
    items = draft.data.get(field) if isinstance(draft.data, dict) else None
    return items if isinstance(items, list) else []


def _parameters(draft: Draft) -> Iterator[_Parameter]:
    component = draft.data.get("component") if isinstance(draft.data, dict) else None
    namespace = component.replace("/", ".") if isinstance(component, str) else ""
    for item in _listed(draft, "parameters"):
        if isinstance(item, dict) and isinstance(item.get("name"), str) and item.get("value") is not None:
            yield _Parameter(item["name"], namespace, _Answer(item["value"], draft, is_default=False))


def _answer(draft: Draft, parameters: list[_Parameter]) -> _Answer | None:
    """Return the parameter that names this requirement, before one of the same name for anybody, before its default."""
    name = draft.id[len(draft.namespace) + 1 :]
    meant = [one for one in parameters if one.name == draft.id or (one.name == name and _is_within(draft, one))]
    meant = meant or [one for one in parameters if one.name == name and not one.namespace]
    if meant:
        return meant[-1].answer
    default = draft.data.get("default") if isinstance(draft.data, dict) else None
    return None if default is None or default == "" else _Answer(default, draft, is_default=True)


def _is_within(draft: Draft, parameter: _Parameter) -> bool:
    return draft.namespace == parameter.namespace or draft.namespace.startswith(parameter.namespace + ".")


def _meet(  # noqa: PLR0913, PLR0917 - the parts of a target
    draft: Draft, place: Path, target: Any, answer: _Answer, drafts: Mapping[str, Draft], suggester: Suggester
) -> None:
    entry, written = (target.get("entry"), target.get("path")) if isinstance(target, dict) else (None, None)
    if not isinstance(entry, str) or not isinstance(written, str):
        draft.add(
            place, shown(target), "a target: `entry`, an id, and `path`, a field such as .meta.router", scope="notice"
        )
        return
    entry = entry if ":" in entry else f"{draft.namespace}:{entry}"
    path, appends = _path(written)
    found = drafts.get(entry)
    if found is None:
        expected, hint = "the id of an entry; it is passed over", suggester.closest(entry)
        draft.add((*place, "entry"), f"the unknown entry {entry}", expected, hint, scope="notice")
    elif not path:
        draft.add((*place, "path"), shown(written), "a field such as .meta.router or .modules +=", scope="notice")
    else:
        try:
            _put(found, path, answer, appends=appends)
        except NoWayError as error:
            draft.add((*place, "path"), error.got, error.expected, scope="notice")


def _path(written: str) -> tuple[Path, bool]:
    """Return the parts of a path such as `.meta.router`, none if it is no path; and whether it ends in `+=`."""
    text = written.strip()
    appends = text.endswith(_APPEND)
    text = text.removesuffix(_APPEND).strip().removeprefix("$").removeprefix(".")
    parts = text.split(".")
    if parts[0] == "data" and len(parts) > 1:
        parts = parts[1:]
    return (tuple(parts) if all(parts) and len(parts) <= MAX_DEPTH else ()), appends


def _put(found: Draft, path: Path, answer: _Answer, *, appends: bool) -> None:
    whole: Any = {"meta": found.meta} if path[0] == "meta" else found.data
    now, value = _at(whole, path), answer.value
    if appends:
        kept = now if isinstance(now, list) else [] if now is None else [now]
        value = [*kept, *(one for one in (value if isinstance(value, list) else [value]) if one not in kept)]
    elif answer.is_default and now is not None and now != "":
        return
    changed = replaced({} if whole is None else whole, path, value)
    if path[0] == "meta":
        found.meta = changed["meta"]
    else:
        found.data = changed
    found.overridden[path] = f"{answer.by.file}:{answer.by.mark.line}"


def _at(value: Any, path: Path) -> Any:
    for part in path:
        if isinstance(value, list) and str(part).isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            value = value.get(part) if isinstance(value, dict) else None
    return value
