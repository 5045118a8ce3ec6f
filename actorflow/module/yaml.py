"""YAML text (PyYAML), read the way YAML 1.2 means it: only true and false are booleans, dates are text.

Numbers are read as in Go's yaml.v3: `0o17` and `017` are octal, `1e3` is a float, `12:30` is text. Aliases are
resolved, tags that nobody knows are ignored, and only the first document of several is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from math import inf, nan
from types import MappingProxyType
from typing import Any, Final

import yaml

from actorflow.errors import INTERNAL, Error, Failure, invalid
from actorflow.module.octets import text, unexpected

_MOST_NODES: Final = 250_000
"""Values in a document, those behind aliases counted each time."""
_DEEPEST: Final = 128
_BASES: Final = {"0x": 16, "0o": 8, "0b": 2}
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BaseDumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Loader(_Base):  # type: ignore[misc] # libyaml's loader where it is installed
    """The safe loader with our rules for plain scalars."""


class _Dumper(_BaseDumper):  # type: ignore[misc] # see above
    """The safe dumper with the same rules, so that what it writes is read as the same."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the signature of the base class
        """Write every value where it stands."""
        return True


def _integer(loader: Any, node: Any) -> int | float:
    written = loader.construct_scalar(node).replace("_", "")
    sign, digits = (-1, written[1:]) if written[0] == "-" else (1, written.removeprefix("+"))
    base = _BASES.get(digits[:2].lower(), 10)
    if base == 10 and len(digits) > 1 and digits[0] == "0":  # noqa: PLR2004 - decimal
        base = 8
    value = sign * int(digits, base)
    return value if -(2**63) <= value < 2**63 else float(value)


def _float(loader: Any, node: Any) -> float:
    written = loader.construct_scalar(node).replace("_", "").lower()
    words = {".inf": inf, "+.inf": inf, "-.inf": -inf, ".nan": nan}
    return words[written] if written in words else float(written)


def _ignored(loader: Any, _suffix: str, node: Any) -> Any:
    """Construct a value whose tag nobody knows as if it had none."""
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)


_RULES: Final = (
    ("tag:yaml.org,2002:bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("tag:yaml.org,2002:null", r"~|null|Null|NULL|", "~nN\0"),
    ("tag:yaml.org,2002:int", r"[-+]?(?:0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*)", "-+0123456789"),
    (
        "tag:yaml.org,2002:float",
        r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+.0123456789",
    ),
    ("tag:yaml.org,2002:merge", r"<<", "<"),
)


_OLD: Final = ("tag:yaml.org,2002:bool", r"y|Y|n|N|(?i:yes|no|on|off)", "yYnNoO")
"""Words that readers of YAML 1.1 take for booleans: text that looks like them is written in quotes."""


def _set_up() -> None:
    for kind in (_Loader, _Dumper):
        kind.yaml_implicit_resolvers = {}
        for tag, pattern, first in _RULES:
            letters = ["" if letter == "\0" else letter for letter in first]
            kind.add_implicit_resolver(tag, re.compile(f"^(?:{pattern})$"), letters)
    _Dumper.add_implicit_resolver(_OLD[0], re.compile(f"^(?:{_OLD[1]})$"), list(_OLD[2]))
    _Loader.add_constructor("tag:yaml.org,2002:int", _integer)
    _Loader.add_constructor("tag:yaml.org,2002:float", _float)
    _Loader.add_multi_constructor("", _ignored)
    _Dumper.add_representer(Failure, lambda dumper, failure: dumper.represent_str(failure.message))


_set_up()


def decode(source: Any = None) -> Any:
    """Return the value of YAML text, of the first document if there are several.

    Raises:
        Error: kind Invalid for what is no text or empty; kind Internal, with line and column, for bad syntax.
    """
    given = text(source, "yaml.decode")
    if not given:
        raise unexpected(given, "YAML text that is not empty", "yaml.decode")
    try:
        _check_depth(given)
        value = _first(given)
    except yaml.YAMLError as error:
        raise _bad(error) from None
    except (ValueError, TypeError, RecursionError) as error:
        raise Error(f"yaml.decode: {error}", INTERNAL, retryable=False) from None
    return _plain(value, iter(range(_MOST_NODES)), 0)


def _check_depth(source: str) -> None:
    """Refuse what is nested deeply before anything recursive reads it: libyaml's stack is that of the whole node."""
    depth = 0
    for event in yaml.parse(source, _Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                raise _too_large()
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.DocumentEndEvent):
            return  # the others are not read


def _first(source: str) -> Any:
    loader = _Loader(source)
    try:
        return loader.get_data() if loader.check_data() else None
    finally:
        loader.dispose()


def encode(value: Any = None, options: Any = None) -> str:
    """Return a map or list as YAML text, keys sorted.

    Options: `field_order`, a list of keys that come first in each map, in this order; `sort_unordered`, false to keep
    the others in the order in which they came; `indent`, spaces of a level, 2 to 9.

    Raises:
        Error: kind Invalid, when `value` is neither map nor list, or for a bad option.
    """
    if not isinstance(value, dict | list):
        raise unexpected(value, "a table", "yaml.encode")
    given = _options(options)
    order = given.get("field_order") or []
    if not isinstance(order, list):
        raise unexpected(order, "a list of keys as field_order", "yaml.encode")
    indent = given.get("indent", 2)
    if isinstance(indent, bool) or not isinstance(indent, int) or not 2 <= indent <= 9:  # noqa: PLR2004 - libyaml's
        raise unexpected(indent, "2 to 9 as indent", "yaml.encode")
    ranks = {key: rank for rank, key in enumerate(order)}
    ordered = _ordered(value, ranks, sort=given.get("sort_unordered", True) is not False)
    made: str = yaml.dump(ordered, None, _Dumper, indent=indent, sort_keys=False, allow_unicode=True, width=10_000)
    return made


def _options(options: Any) -> dict[str, Any]:
    given = {} if options is None or options == [] else options
    if not isinstance(given, dict):
        raise unexpected(options, "a table of options", "yaml.encode")
    unknown = sorted(str(name) for name in given if name not in {"field_order", "sort_unordered", "indent"})
    if unknown:
        raise invalid(f"yaml.encode: unknown option {unknown[0]!r}, expected field_order, sort_unordered or indent")
    return given


def _ordered(value: Any, ranks: Mapping[Any, int], *, sort: bool) -> Any:
    """Return a value with the keys of each map in the order in which they are to be written."""
    if isinstance(value, list):
        return [_ordered(item, ranks, sort=sort) for item in value]
    if not isinstance(value, dict):
        return value

    def rank(key: Any) -> tuple[Any, ...]:
        if key in ranks:
            return (0, ranks[key])
        return (1, isinstance(key, str), key) if sort else (1,)

    return {key: _ordered(value[key], ranks, sort=sort) for key in sorted(value, key=rank)}


def _plain(value: Any, room: Iterator[int], depth: int) -> Any:
    """Return what was read as a value that may cross: maps with other keys than text and integers get text keys."""
    if next(room, None) is None or depth > _DEEPEST:
        raise _too_large()
    if isinstance(value, list | tuple):
        return [_plain(item, room, depth + 1) for item in value]
    if isinstance(value, set):
        return {_key(key): True for key in value}
    if isinstance(value, dict):
        return {_key(key): _plain(item, room, depth + 1) for key, item in value.items()}
    return value


def _key(key: Any) -> Any:
    if isinstance(key, bool) or not isinstance(key, str | int):
        return {None: "null", True: "true", False: "false"}.get(key) or str(key)
    return key


def _too_large() -> Error:
    expected = f"at most {_DEEPEST} levels and {_MOST_NODES:,} values, aliases counted each time"
    return Error(f"yaml.decode: got a document that is too large, expected {expected}", INTERNAL, retryable=False)


def _bad(error: yaml.YAMLError) -> Error:
    mark = getattr(error, "problem_mark", None)
    place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
    problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
    return Error(f"yaml.decode: bad YAML{place}: {problem}", INTERNAL, retryable=False)


PURE: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType({"yaml.encode": encode, "yaml.decode": decode})
