"""Decoding: the fields of a draft checked against the model of its kind; every fault found, none raised."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from actorflow.registry.document import Path
from actorflow.registry.draft import NO_FILE, Draft
from actorflow.registry.expand import read_files, resolve_placeholders, take_siblings
from actorflow.registry.fault import Scope, Suggester, closest, dotted, shown
from actorflow.registry.kind import Kind
from actorflow.registry.kinds.fields import REFUSAL
from actorflow.registry.kinds.plain_data import PlainData
from actorflow.registry.meta import Meta
from actorflow.registry.override import replaced
from actorflow.registry.placeholder import Lookup
from actorflow.registry.text_file import TextFiles

_EXTRA: Final = "extra_forbidden"
_QUOTED: Final = re.compile(r"'([^']*)'")
_EXPECTED: Final = {
    "int_type": "an integer",
    "int_parsing": "an integer",
    "int_from_float": "an integer",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "string_type": "text",
    "string_too_short": "text that is not empty",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a map",
    "mapping_type": "a map",
    "model_type": "a map",
    "missing": "a value: it is required",
}
_BOUNDS: Final = {
    "greater_than_equal": ("ge", "at least"),
    "greater_than": ("gt", "more than"),
    "less_than_equal": ("le", "at most"),
    "less_than": ("lt", "less than"),
}
_BOOLEANS: Final = {
    **dict.fromkeys(("yes", "on", "true", "y", "1"), "true"),
    **dict.fromkeys(("no", "off", "false", "n", "0"), "false"),
}


class Decoder:
    """Decodes drafts one after another, with the kinds, files and environment of one load."""

    def __init__(self, kinds: Mapping[str, Kind], files: TextFiles, environment: Lookup) -> None:
        """Take what decoding needs."""
        self._kinds = kinds
        self._files = files
        self._environment = environment
        self._suggester = Suggester(kinds)

    def decode(self, draft: Draft) -> None:
        """Fill in what the draft's kind says, its texts, its resolved and checked fields, and its faults."""
        draft.declaration = self._kinds.get(draft.kind)
        read_files(draft, self._files, "entry" if draft.declaration else "notice")
        if draft.declaration is None:
            suggestion = self._suggester.closest(draft.kind)
            draft.add(("kind",), f"the unknown kind {draft.kind!r}", "a known kind; kept as data", suggestion, "notice")
            draft.resolved = draft.data
            return
        if draft.declaration.model is PlainData:
            draft.resolved, draft.config = draft.data, PlainData()
            draft.about = self._about(draft, draft.meta, lax=False)
            return
        data, meta, lax = resolve_placeholders(draft, self._environment)
        draft.resolved = {} if data is None else data
        if isinstance(draft.resolved, dict):
            written = draft.resolved
            draft.resolved = self._with_siblings(draft, written, draft.declaration.model, ())
            lax = lax or draft.resolved is not written
        draft.about = self._about(draft, meta, lax=lax)
        draft.config = self._checked(draft, draft.declaration.model, draft.resolved, (), lax=lax)

    def _with_siblings(self, draft: Draft, value: dict[Any, Any], model: type[BaseModel], base: Path) -> dict[Any, Any]:
        """Return a map with the fields that `<field>_env` names, also in the maps that are models of their own."""
        taken = take_siblings(draft, value, _written_names(model), self._environment, base)
        for name, field in model.model_fields.items():
            inner, key = taken.get(field.alias or name), field.alias or name
            if (
                isinstance(inner, dict)
                and isinstance(field.annotation, type)
                and issubclass(field.annotation, BaseModel)
            ):
                found = self._with_siblings(draft, inner, field.annotation, (*base, key))
                if found is not inner:
                    taken = {**taken, key: found}
        return taken

    def _about(self, draft: Draft, meta: Any, *, lax: bool) -> Meta:
        """Return what actorflow reads in meta. A key with another type is the application's own: noticed, not read."""
        try:
            return Meta.model_validate(meta, strict=False if lax else None, context={"namespace": draft.namespace})
        except ValidationError as error:
            problems = error.errors(include_url=False)
        _report(draft, Meta, problems, ("meta",), "notice")
        wrong = {_path(problem)[:1] for problem in problems}
        return self._about(draft, _without(meta, frozenset(wrong)), lax=lax)

    def _checked(self, draft: Draft, model: type[BaseModel], value: Any, base: Path, *, lax: bool) -> Any:
        """Return `value` as `model`, or None with faults. `lax`: text from the environment may stand for a number."""
        if not isinstance(value, dict):
            draft.add(base, shown(value), "a map")
            return None
        context = {"namespace": draft.namespace}
        try:
            return model.model_validate(value, strict=False if lax else None, context=context)
        except ValidationError as error:
            problems = error.errors(include_url=False)
        except Exception as error:  # noqa: BLE001 - whatever the validators of a third party's model raise
            draft.add(base, f"{type(error).__name__} from the model of {draft.kind}: {error}", "a checkable entry")
            return None
        if draft.path == NO_FILE and (empties := [problem for problem in problems if _is_empty_of_other_sort(problem)]):
            for problem in empties:
                value = replaced(value, _path(problem), [] if problem["input"] == {} else {})
            return self._checked(draft, model, value, base, lax=lax)
        extras = [_path(problem) for problem in problems if problem["type"] == _EXTRA]
        _report(draft, model, problems, base)
        if not extras or len(extras) < len(problems):
            return None
        return self._checked(draft, model, _without(value, frozenset(extras)), base, lax=lax)


def _is_empty_of_other_sort(problem: ErrorDetails) -> bool:
    """Tell whether an empty list was given for a map or the other way round: in Lua they are the same."""
    expected = _EXPECTED.get(problem["type"])
    return (expected == "a list" and problem["input"] == {}) or (expected == "a map" and problem["input"] == [])


def _report(
    draft: Draft, model: type[BaseModel], problems: list[ErrorDetails], base: Path, scope: Scope = "entry"
) -> None:
    """Add the problems of validation as faults, but one for each field at most."""
    extras = [_path(problem) for problem in problems if problem["type"] == _EXTRA]
    known_already = {fault.path for fault in draft.faults if fault.scope == "entry"}
    for problem in problems:
        path = _path(problem)
        if dotted((*base, *path)) in known_already:
            continue
        if problem["type"] == _EXTRA:
            known = list(_fields_at(model, path[:-1]))
            expected = f"one of {', '.join(known)}; kept as data"
            draft.add((*base, *path), "an unknown key", expected, closest(str(path[-1]), known), "notice")
        else:
            got, expected, suggestion = explained(problem)
            if problem["type"] == "missing":
                suggestion = _misspelled(path, extras)
            draft.add((*base, *path), got, expected, suggestion, scope)


def _path(problem: ErrorDetails) -> Path:
    return tuple(part for part in problem["loc"] if part != "[key]")


def explained(problem: ErrorDetails) -> tuple[str, str, str]:
    """Return what was got in place of a field, what was expected, and what was probably meant."""
    kind, value, context = problem["type"], problem["input"], problem.get("ctx") or {}
    got = "nothing" if kind == "missing" else shown(value)
    if kind == REFUSAL:
        return context["got"] or got, context["expected"], context["suggestion"]
    if kind == "literal_error":
        choices = _QUOTED.findall(context["expected"])
        return got, f"one of {', '.join(choices)}", closest(value, choices) if isinstance(value, str) else ""
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        return got, f"{words} {context[name]}", ""
    return got, _EXPECTED.get(kind, problem["msg"]), _likely(kind, value)


def _likely(kind: str, value: Any) -> str:
    """Return the spelling that would have had the right type, or ""."""
    if kind.startswith("bool"):
        return _BOOLEANS.get(str(value).lower(), "")
    if kind == "string_type" and isinstance(value, int | float):
        return f"'{shown(value)}'"
    if kind == "tuple_type" and isinstance(value, str):
        return f"[{value[:60]}]"
    if kind == "int_type" and isinstance(value, str) and value.strip().isdecimal():
        return value.strip()[:60]
    return ""


def _misspelled(path: Path, extras: Iterable[Path]) -> str:
    wrong = [str(extra[-1]) for extra in extras if extra[:-1] == path[:-1] and closest(str(extra[-1]), [str(path[-1])])]
    return f"{path[-1]!r} in place of {wrong[0]!r}" if wrong else ""


def _fields_at(model: type[BaseModel], path: Path) -> Iterator[str]:
    """Yield the field names of the model that stands at `path` in `model`, as they are written."""
    for part in path:
        inner = [field for name, field in model.model_fields.items() if part in {name, field.alias}]
        models = list(_models_in(inner[0].annotation)) if inner else []
        if not models:
            return
        model = models[0]
    yield from _written_names(model)


def _written_names(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def _without(value: Any, paths: frozenset[Path], base: Path = ()) -> Any:
    """Return a copy of `value` without what is at `paths`."""
    if isinstance(value, dict):
        return {key: _without(item, paths, (*base, key)) for key, item in value.items() if (*base, key) not in paths}
    if isinstance(value, list):
        return [_without(item, paths, (*base, index)) for index, item in enumerate(value)]
    return value
