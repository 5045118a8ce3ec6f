"""Text files under the source roots: read once, bounded, UTF-8, never from outside the roots."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from actorflow.registry.fault import closest

MAX_SIZE: Final = 16 * 1024 * 1024
"""Most bytes of one file; more is surely not meant to be configuration or source."""

_SCHEME: Final = "file://"


class UnreadableError(Exception):
    """A file that cannot be used: what was got, what was expected, and what was probably meant."""

    def __init__(self, got: str, expected: str, suggestion: str = "", line: int = 0) -> None:
        """Say what is wrong; `line` is where in the file, if it is in its content."""
        super().__init__(got)
        self.got = got
        self.expected = expected
        self.suggestion = suggestion
        self.line = line


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a text came from: its file, and the number of lines before its first one there."""

    file: str
    line: int = 0


def read_text(path: Path) -> str:
    """Return the text of a regular UTF-8 file, without a byte order mark; line ends stay as they are.

    Raises:
        UnreadableError: when it is no regular file, over `MAX_SIZE` bytes, not readable, or not UTF-8.
    """
    try:
        if not os.path.isfile(path):  # noqa: PTH113 - does not raise for unusable names
            raise UnreadableError("a directory or special file", "a regular file")
        with path.open("rb") as file:
            data = file.read(MAX_SIZE + 1)
    except OSError as error:
        raise UnreadableError(f"an unreadable file ({error.strerror})", "a readable file") from None
    if len(data) > MAX_SIZE:
        raise UnreadableError(f"a file over {MAX_SIZE} bytes", "a smaller one")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableError(f"bytes that are not UTF-8 ({error.reason})", "UTF-8 text", line=line) from None


class TextFiles:
    """Resolves `file://` references against the source roots and remembers what it has read."""

    def __init__(self, roots: Sequence[Path]) -> None:
        """Take the roots, in the order they are searched."""
        self._roots = list(roots)
        self._real_roots = [Path(os.path.realpath(root)) for root in roots]
        self._known: dict[tuple[Path | None, str], tuple[str, Origin]] = {}

    def read(self, reference: str, directory: Path) -> tuple[str, Origin]:
        """Return the text that `file://x` (beside `directory`'s files) or `file:///x` (under a root) names.

        Raises:
            UnreadableError: when there is no such file, it lies outside all roots, or it cannot be read.
        """
        name = reference.removeprefix(_SCHEME)
        key = (None if name.startswith("/") else directory, name)
        if key not in self._known:
            path = self._find(name, directory)
            self._known[key] = read_text(path), Origin(str(path))
        return self._known[key]

    def _find(self, name: str, directory: Path) -> Path:
        relative = name.lstrip("/")
        if not relative or "\0" in name:
            raise UnreadableError("file:// without a usable path", "file://name or file:///path/under/a/root")
        bases = self._roots if name.startswith("/") else [directory]
        paths = [Path(os.path.normpath(base / relative)) for base in bases]
        inside = [path for path in paths if self._contains(path)]
        for path in inside:
            if os.path.exists(path):  # noqa: PTH110 - does not raise for unusable names
                return path
        if not inside:
            roots = ", ".join(str(root) for root in self._roots)
            raise UnreadableError(f"{_SCHEME}{name}, outside the source roots", f"a file under {roots}")
        places = " or ".join(str(path) for path in inside)
        raise UnreadableError(f"{_SCHEME}{name}, which does not exist", f"a file at {places}", _sibling(name, inside))

    def _contains(self, path: Path) -> bool:
        real = Path(os.path.realpath(path))
        return any(real.is_relative_to(root) for root in self._real_roots)


def _sibling(name: str, paths: Sequence[Path]) -> str:
    """Return the reference to the existing file closest to the one that is missing, or ""."""
    for path in paths:
        try:
            names = sorted(os.listdir(path.parent))  # noqa: PTH208 - names are all that is needed
        except OSError:
            continue
        found = closest(path.name, names)
        if found:
            return repr(f"{_SCHEME}{name.removesuffix(path.name)}{found.strip(chr(39))}")
    return ""
