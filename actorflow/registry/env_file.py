r"""Files of `NAME=value` lines: the storage of an `env.storage.file`.

A line may begin with `export`; a value may stand in single quotes, taken as it is, or in double quotes with `\n`, `\t`,
`\"` and `\\` in it; elsewhere ` #` begins a comment. Lines that are nothing of this are kept and mean nothing.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

_LINE: Final = re.compile(r"\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)\s*=\s*(?P<value>.*?)\s*")
_DOUBLE: Final = re.compile(r'"((?:[^"\\]|\\.)*)"(?:\s+#.*)?')
_SINGLE: Final = re.compile(r"'([^']*)'(?:\s+#.*)?")
_COMMENT: Final = re.compile(r"(?:^|\s+)#.*$")
_ESCAPE: Final = re.compile(r"\\(.)")
_MEANING: Final = {"n": "\n", "t": "\t", "r": "\r"}
_PLAIN: Final = re.compile(r"[\w./:@%+,=~?&*!()\[\]{}|;<>^-]*", re.ASCII)
_QUOTED: Final = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def parse_lines(text: str) -> dict[str, str]:
    """Return the variables of a file by name; of two with one name the later counts."""
    found: dict[str, str] = {}
    for line in text.split("\n"):
        match = _LINE.fullmatch(line)
        if match is not None:
            found[match["name"]] = _value(match["value"])
    return found


def with_variable(text: str, name: str, value: str) -> str:
    """Return the text of a file in which `name` has `value`; every other line stays as it is."""
    written = f"{name}={_written(value)}"
    lines = text.removesuffix("\n").split("\n") if text else []
    places = [number for number, line in enumerate(lines) if (match := _LINE.fullmatch(line)) and match["name"] == name]
    if places:
        lines[places[-1]] = written
    else:
        lines.append(written)
    return "\n".join(lines) + "\n"


def replace_file(path: Path, text: str, mode: int) -> None:
    """Write a whole file so that a reader sees either the old text or the new one; raises `OSError`."""
    draft = path.with_name(f".{path.name}.new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)


def _value(written: str) -> str:
    double = _DOUBLE.fullmatch(written)
    if double is not None:
        return _ESCAPE.sub(lambda match: _MEANING.get(match[1], match[1]), double[1])
    single = _SINGLE.fullmatch(written)
    return single[1] if single is not None else _COMMENT.sub("", written)


def _written(value: str) -> str:
    return value if _PLAIN.fullmatch(value) else f'"{value.translate(_QUOTED)}"'
