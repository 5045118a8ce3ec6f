"""YAML text to documents, by the event parser of libyaml: fast, lazy, and without recursion.

Plain scalars follow the core schema of YAML 1.2: `no`, `on`, `1:30` and dates are text. `<<` merges. Tags beyond
the core schema, duplicate keys and keys that are neither text nor integers are issues of the document.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any, Final

import yaml
from yaml import events

from actorflow.registry.document import MERGE, Builder, Document, SyntaxFault

_Loader: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG: Final = "tag:yaml.org,2002:"
_FIRST: Final = frozenset("0123456789+-.~nNtTfF<")
_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEAN: Final = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER: Final = re.compile(r"[-+]?([0-9]{1,40}|0o[0-7]{1,40}|0x[0-9a-fA-F]{1,40}|0b[01]{1,70})")
_OLD_OCTAL: Final = re.compile(r"[-+]?0[0-7]+")
"""Octal numbers as YAML 1.1 writes them; Go's yaml.v3, for which existing trees are written, reads them too."""
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL: Final = re.compile(r"([-+]?)\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def read_yaml(text: str) -> list[Document]:
    """Return the documents of `text`, in order; none for text without content.

    Raises:
        SyntaxFault: when the text is not YAML, nests too deep, or aliases multiply without bound.
    """
    try:
        return _documents(text)
    except yaml.YAMLError as error:
        raise _syntax_fault(error, text) from None


def plain_scalar(text: str) -> Any:
    """Return what an unquoted YAML scalar means: None, a boolean, a number, or the text itself."""
    if text[:1] not in _FIRST and text:
        return text
    if text in _NULL:
        return None
    if text in _BOOLEAN:
        return _BOOLEAN[text]
    if _INTEGER.fullmatch(text):
        return _integer(text)
    return _float(text)


def _integer(text: str) -> int:
    if _OLD_OCTAL.fullmatch(text):
        return int(text, 8)
    return int(text, 10 if text.lstrip("+-").isdigit() else 0)  # zeros before a decimal number mean nothing


def _float(text: str) -> float | str:
    if _FLOAT.fullmatch(text):
        return float(text)
    special = _SPECIAL.fullmatch(text)
    if special is None:
        return text
    return float(special[1] + "inf") if special[2] else float("nan")


def parse_value(text: str) -> Any:
    """Return the value of one YAML document such as `3`, `[a, b]` or `10s`; the text itself if it is not YAML."""
    try:
        documents = read_yaml(text)
    except SyntaxFault:
        return text
    if len(documents) != 1 or documents[0].issues:
        return text if documents else None
    return documents[0].value


def _documents(text: str) -> list[Document]:
    documents: list[Document] = []
    builder = Builder()
    for event in yaml.parse(text, Loader=_Loader):
        kind = type(event)
        if kind is events.DocumentStartEvent:
            builder = Builder()
        elif kind is events.DocumentEndEvent:
            documents.append(builder.document())
        else:
            _take(builder, event)
    return documents


def _take(builder: Builder, event: Any) -> None:
    kind, line = type(event), event.start_mark.line + 1
    if kind is events.ScalarEvent:
        _scalar(builder, event, line)
    elif kind is events.MappingStartEvent:
        _check_tag(builder, event, "map", line)
        builder.open({}, line, event.anchor)
    elif kind is events.SequenceStartEvent:
        _check_tag(builder, event, "seq", line)
        builder.open([], line, event.anchor)
    elif kind is events.MappingEndEvent or kind is events.SequenceEndEvent:
        builder.close()
    elif kind is events.AliasEvent:
        builder.alias(event.anchor, line)


def _scalar(builder: Builder, event: Any, line: int) -> None:
    offset = line if event.style in {"|", ">"} else line - 1
    if event.implicit[0]:
        value = MERGE if event.value == "<<" else plain_scalar(event.value)
    elif event.implicit[1]:
        value = event.value
    else:
        value = _tagged(builder, event, line)
    builder.scalar(value, line, offset if isinstance(value, str) else -1, event.anchor)


def _check_tag(builder: Builder, event: Any, name: str, line: int) -> None:
    if event.tag not in {None, "!", _TAG + name}:
        builder.issue(line, f"the tag {event.tag}", "no tag")


def _tagged(builder: Builder, event: Any, line: int) -> Any:
    convert = _TAGGED.get(event.tag)
    if convert is None:
        builder.issue(line, f"the tag {event.tag}", "no tag, or one of !!str !!int !!float !!bool !!null !!binary")
        return event.value
    try:
        return convert(event.value)
    except ValueError:
        builder.issue(line, f"{event.value[:60]!r} with the tag {event.tag}", "a value of that type")
        return event.value


def _only(kind: type, text: str) -> Any:
    value = plain_scalar(text)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise ValueError
    return value


def _binary(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error:
        raise ValueError from None


_TAGGED: Final[dict[str, Callable[[str], Any]]] = {
    "!": str,
    f"{_TAG}str": str,
    f"{_TAG}int": lambda text: _only(int, text),
    f"{_TAG}float": lambda text: _only(float, text),
    f"{_TAG}bool": lambda text: _only(bool, text),
    f"{_TAG}null": lambda text: _only(type(None), text),
    f"{_TAG}binary": _binary,
}


def _syntax_fault(error: yaml.YAMLError, text: str) -> SyntaxFault:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return _unreadable(error, text)
    line = mark.line + 1
    lines = text.splitlines()
    problem = getattr(error, "problem", None) or str(error)
    context = getattr(error, "context", None)
    got = f"malformed YAML ({context}: {problem})" if context else f"malformed YAML ({problem})"
    if line <= len(lines) and "\t" in lines[line - 1][: len(lines[line - 1]) - len(lines[line - 1].lstrip())]:
        return SyntaxFault(line, "a tab in the indentation", "spaces: YAML does not allow tabs there")
    return SyntaxFault(line, got, "well-formed YAML")


def _unreadable(error: yaml.YAMLError, text: str) -> SyntaxFault:
    """Return the fault for a character that YAML does not allow; libyaml gives it no line."""
    for line, content in enumerate(text.split("\n"), 1):
        found = re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]", content)
        if found is not None:
            return SyntaxFault(line, f"the control character {found[0]!r}", "printable text")
    return SyntaxFault(1, f"malformed YAML ({getattr(error, 'reason', error)})", "printable text")
