"""Dataclasses at the boundary: what leaves a script becomes plain maps, what enters is built from them.

Going out, a dataclass becomes a map of its fields; inside one, enums become their value, dates ISO 8601 text, and
decimals and UUIDs text. Coming in, the annotation decides: a dataclass, or a list, map or optional of one.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Final, TypeAlias, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from actorflow.errors import Error, Failure, invalid
from actorflow.likeness import close_names

Build: TypeAlias = Callable[[Any, str], Any]
"""Builds a value from plain data; the second argument is the path that messages name."""

SCALARS: Final = frozenset({type(None), bool, int, float, str, bytes, Failure})
"""Types whose instances are plain as they are."""
_DEEPEST: Final = 64
_CACHE: Final = "__actorflow_build__"


def plain(value: Any, depth: int = 0) -> Any:
    """Return `value` with every dataclass in it turned into a map; without one the same object is returned.

    Maps and lists come out as Python's own, never as a class of the script's, so that nobody who reads them later
    runs code of the script. Nothing else is checked: what may not cross is refused where it crosses.
    """
    kind = type(value)
    if kind in SCALARS or depth > _DEEPEST:
        return value
    if isinstance(value, dict):
        changed = {key: plain(item, depth + 1) for key, item in value.items()}
        same = kind is dict and all(changed[key] is value[key] for key in value)
        return value if same else changed
    if isinstance(value, list | tuple):
        items = [plain(item, depth + 1) for item in value]
        same = kind in _SEQUENCES and all(new is old for new, old in zip(items, value, strict=True))
        return value if same else items
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _leaf(plain(getattr(value, field.name), depth + 1)) for field in fields(value)}
    return value


_SEQUENCES: Final = frozenset({list, tuple})


def plain_args(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return positional arguments with every dataclass turned into a map."""
    for arg in args:
        if type(arg) not in SCALARS:
            return tuple(plain(item) for item in args)
    return args


def _leaf(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    return value


def build(annotation: Any, value: Any, path: str = "value") -> Any:
    """Return `value` as its annotation wants it.

    Raises:
        Error: kind Invalid, naming the path and what does not fit.
    """
    builder = builder_of(annotation)
    return value if builder is None else builder(value, path)


def builders_of(function: Callable[..., Any]) -> dict[str, Build]:
    """Return what builds each parameter of `function` that its annotation says is, or holds, a dataclass."""
    found = {}
    namespace = getattr(function, "__globals__", {})
    for name, annotation in getattr(function, "__annotations__", {}).items():
        builder = None if name == "return" else builder_of(_resolved(annotation, namespace))
        if builder is not None:
            found[name] = builder
    return found


def _resolved(annotation: Any, namespace: dict[str, Any]) -> Any:
    holder = types.SimpleNamespace(__annotations__={"it": annotation})
    try:
        return get_type_hints(holder, namespace, include_extras=True)["it"]
    except NameError:  # imported for type checkers only: nothing the script could want built
        return Any


def builder_of(annotation: Any) -> Build | None:  # noqa: PLR0911 - one line for each form of an annotation
    """Return what builds a value for this annotation, or None when plain data serves."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return builder_of(args[0])
    if isinstance(annotation, type) and origin is None:
        return _class_builder(annotation)
    if origin in {Union, types.UnionType}:
        return _first([builder_of(arg) for arg in args if arg is not types.NoneType], optional=types.NoneType in args)
    if origin is None or not args or not isinstance(origin, type):
        return None
    if issubclass(origin, Mapping):
        return _each(builder_of(args[-1]), _build_map)
    if issubclass(origin, Sequence):
        return _each(builder_of(args[0]), _build_list if origin is not tuple else _build_tuple)
    return None


def _first(builders: list[Build | None], *, optional: bool) -> Build | None:
    wanted = [builder for builder in builders if builder is not None]
    if len(wanted) != 1 or len(wanted) != len(builders):
        return None
    inner = wanted[0]
    return (lambda value, path: None if value is None else inner(value, path)) if optional else inner


def _each(inner: Build | None, container: Callable[[Build, Any, str], Any]) -> Build | None:
    return None if inner is None else lambda value, path: container(inner, value, path)


def _build_list(inner: Build, value: Any, path: str) -> Any:
    if not isinstance(value, list | tuple):
        raise _misfit(path, value, "a list")
    return [inner(item, f"{path}[{index}]") for index, item in enumerate(value)]


def _build_tuple(inner: Build, value: Any, path: str) -> Any:
    return tuple(_build_list(inner, value, path))


def _build_map(inner: Build, value: Any, path: str) -> Any:
    if not isinstance(value, dict):
        raise _misfit(path, value, "a map")
    return {key: inner(item, f"{path}.{key}") for key, item in value.items()}


def _class_builder(cls: type) -> Build | None:
    if is_dataclass(cls):
        return lambda value, path: _build_record(cls, value, path)
    if issubclass(cls, Enum) or cls in _PARSERS:
        return lambda value, path: _parsed(cls, value, path)
    return None


_PARSERS: Final[dict[type, Callable[[Any], Any]]] = {
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    Decimal: Decimal,
    UUID: UUID,
}


def _parsed(cls: type, value: Any, path: str) -> Any:
    if isinstance(value, cls):
        return value
    try:
        return _PARSERS.get(cls, cls)(value)
    except (ValueError, TypeError, ArithmeticError):
        expected = f"one of {[item.value for item in cls]}" if issubclass(cls, Enum) else f"text of a {cls.__name__}"
        raise _misfit(path, value, expected) from None


def _build_record(cls: Any, value: Any, path: str) -> Any:
    if isinstance(value, cls):
        return value
    if not isinstance(value, dict):
        raise _misfit(path, value, f"a map with the fields of {cls.__name__}")
    known, required = _fields_of(cls)
    for key in value:
        if key not in known:
            raise _unknown_field(cls, key, known, path)
    missing = [name for name in required if name not in value]
    if missing:
        raise invalid(f"{path}: {cls.__name__} needs the field {missing[0]!r}, got only {sorted(map(str, value))}")
    made = {}
    for key, item in value.items():
        builder = known[key]
        made[key] = item if builder is None else builder(item, f"{path}.{key}")
    return cls(**made)


def _fields_of(cls: Any) -> tuple[dict[str, Build | None], list[str]]:
    """Return the builder of each field and the names of those without a default; kept on the class."""
    cached = cls.__dict__.get(_CACHE)
    if cached is None:
        hints = get_type_hints(cls, _namespace_of(cls), include_extras=True)
        taken: list[Field[Any]] = [field for field in fields(cls) if field.init]
        cached = (
            {field.name: builder_of(hints[field.name]) for field in taken},
            [field.name for field in taken if field.default is MISSING and field.default_factory is MISSING],
        )
        setattr(cls, _CACHE, cached)
    found: tuple[dict[str, Build | None], list[str]] = cached
    return found


def _namespace_of(cls: Any) -> dict[str, Any]:
    """Return the globals of the module that made a class: another node may have the same module by that name."""
    namespace: dict[str, Any] | None = getattr(cls.__init__, "__globals__", None)
    return vars(sys.modules[cls.__module__]) if namespace is None else namespace


def _unknown_field(cls: Any, key: Any, known: Mapping[str, Any], path: str) -> Error:
    close = close_names(str(key), known)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return invalid(f"{path}: {cls.__name__} has no field {key!r}, expected {', '.join(known) or 'no fields'}{hint}")


def _misfit(path: str, value: Any, expected: str) -> Error:
    return invalid(f"{path}: got {value!r:.80}, expected {expected}")
