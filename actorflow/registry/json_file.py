"""JSON text to a document, with lines kept: the standard parser decides what is JSON, a scan finds the places."""

from __future__ import annotations

import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined]  # documented nowhere, stable since 2.6
from typing import Final

from actorflow.registry.document import MAX_DEPTH, Builder, Document, SyntaxFault

_TOKEN: Final = re.compile(r'[{}\[\]"]|-?[0-9][0-9.eE+-]*|true|false|null')
_LITERAL: Final = {"true": True, "false": False, "null": None}
_LONGEST_INTEGER: Final = 40


def read_json(text: str) -> Document:
    """Return the document of `text`.

    Raises:
        SyntaxFault: when the text is not JSON, or nests too deep.
    """
    _check(text)
    builder = Builder()
    line, counted, position = 1, 0, 0
    while (token := _TOKEN.search(text, position)) is not None:
        line += text.count("\n", counted, token.start())
        counted, position = token.start(), token.end()
        if token[0] == '"':
            value, position = scanstring(text, position, True)  # noqa: FBT003 - its signature
            _string(builder, value, line)
        else:
            _take(builder, token[0], line)
    return builder.document()


def _check(text: str) -> None:
    try:
        json.loads(text, parse_int=str, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise SyntaxFault(error.lineno, f"malformed JSON ({error.msg})", "well-formed JSON") from None
    except RecursionError:
        raise SyntaxFault(1, f"nesting deeper than {MAX_DEPTH}", "a flatter value") from None


def _refuse_constant(name: str) -> None:
    raise SyntaxFault(1, f"malformed JSON ({name})", "a finite number or null")


def _string(builder: Builder, value: str, line: int) -> None:
    if any("\ud800" <= character <= "\udfff" for character in value):
        builder.issue(line, "text with a lone surrogate", "well-formed Unicode text")
        value = value.encode("utf-8", "replace").decode()
    builder.scalar(value, line, line - 1)


def _take(builder: Builder, word: str, line: int) -> None:
    if word == "{":
        builder.open({}, line)
    elif word == "[":
        builder.open([], line)
    elif word in "}]":
        builder.close()
    else:
        builder.scalar(_LITERAL[word] if word in _LITERAL else _number(word), line)


def _number(word: str) -> int | float:
    if any(sign in word for sign in ".eE"):
        return float(word)
    return int(word) if len(word) <= _LONGEST_INTEGER else 2**64
