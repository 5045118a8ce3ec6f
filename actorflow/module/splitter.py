"""Cuts text into chunks of at most so many characters, at the coarsest separators that give pieces small enough.

The recursive splitter is LangChain's: split at the first separator that occurs, cut pieces that are still too long at
the next ones, join neighbours up to the size, and begin each chunk with the end of the one before it. The Markdown
splitter cuts at headings first, outside of fenced code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from actorflow.errors import Error, invalid
from actorflow.module.octets import text, unexpected

_SEPARATORS: Final = ("\n\n", "\n", " ", "")
_MOST: Final = 16 << 20
"""Characters of all chunks together."""
_HEADING: Final = re.compile(r"(#{1,6}) ")
_FENCES: Final = ("```", "~~~")
_RECURSIVE: Final = frozenset({"chunk_size", "chunk_overlap", "keep_separator", "separators"})
_MARKDOWN: Final = frozenset(
    {"chunk_size", "chunk_overlap", "code_blocks", "heading_hierarchy", "join_table_rows", "reference_links"}
)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How long chunks are, in characters, and how much of one the next repeats."""

    size: int
    overlap: int


def check(kind: str, options: Any = None) -> dict[str, Any]:
    """Return the options of a splitter, with defaults: `recursive` or `markdown`.

    Raises:
        Error: kind Invalid, for an unknown option, a size under 1, or an overlap that is not below the size.
    """
    where = f"text.splitter.{kind}"
    given = {} if options is None or options == [] else options
    if not isinstance(given, dict):
        raise unexpected(options, "a table of options", where)
    known = _RECURSIVE if kind == "recursive" else _MARKDOWN
    for name in given:
        if name not in known:
            raise invalid(f"{where}: unknown option {name!r}, expected one of {', '.join(sorted(known))}")
    size, overlap = given.get("chunk_size", 4000), given.get("chunk_overlap", 200 if "chunk_size" not in given else 0)
    for name, value, least in (("chunk_size", size, 1), ("chunk_overlap", overlap, 0)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise unexpected(value, f"a whole number of at least {least}", f"{where}, {name}")
    if overlap >= size:
        raise invalid(f"{where}, chunk_overlap: got {overlap}, expected less than chunk_size, which is {size}")
    separators = given.get("separators") or list(_SEPARATORS)
    if not isinstance(separators, list) or not all(isinstance(item, str) for item in separators):
        raise unexpected(separators, "a list of texts", f"{where}, separators")
    return {**given, "chunk_size": size, "chunk_overlap": overlap, "separators": separators}


def split(kind: str, options: dict[str, Any], source: Any = None) -> list[str]:
    """Return the chunks of a text; `options` are those of `check`.

    Raises:
        Error: kind Invalid, when it is no text.
    """
    given = text(source, "splitter:split_text")
    sizes = Sizes(options["chunk_size"], options["chunk_overlap"])
    separators: list[str] = options["separators"]
    if len(given) // (sizes.size - sizes.overlap) * sizes.size > _MOST:
        raise _too_large()
    if kind == "recursive":
        keep = options.get("keep_separator") is True
        return [chunk for chunk in _cut(given, separators, sizes, keep=keep) if chunk]
    chunks: list[str] = []
    total = 0
    for headings, body in _sections(given):
        head = "\n".join(headings if options.get("heading_hierarchy") else headings[-1:])
        room = Sizes(max(sizes.size - len(head) - 1, 1), min(sizes.overlap, max(sizes.size - len(head) - 2, 0)))
        pieces = [piece for piece in _cut(body, separators, room, keep=False) if piece] or [""]
        chunks += [f"{head}\n{piece}".strip("\n") for piece in pieces if head or piece]
        total += len(head) * len(pieces) + len(body)
        if total > _MOST:
            raise _too_large()
    return chunks


def split_batch(kind: str, options: dict[str, Any], pages: Any = None) -> list[dict[str, Any]]:
    """Return the chunks of several pages `{content, metadata}`, each with the metadata of its page.

    Raises:
        Error: kind Invalid, when they are no such list.
    """
    where = "splitter:split_batch"
    if pages in (None, {}):
        pages = []
    if not isinstance(pages, list):
        raise unexpected(pages, "a list of pages", where)
    chunks: list[dict[str, Any]] = []
    for page in pages:
        if not isinstance(page, dict) or "content" not in page:
            raise unexpected(page, "a page {content, metadata}", where)
        metadata = page.get("metadata") or {}
        chunks += [{"content": chunk, "metadata": metadata} for chunk in split(kind, options, page["content"])]
    return chunks


def _too_large() -> Error:
    return invalid(f"splitter:split_text: chunks repeat so much that they would be over {_MOST:,} characters in all")


def _cut(source: str, separators: Sequence[str], sizes: Sizes, *, keep: bool) -> list[str]:
    place = next((at for at, sep in enumerate(separators) if sep in source), len(separators) - 1)
    separator, finer = separators[place], separators[place + 1 :]
    chunks: list[str] = []
    good: list[str] = []
    for piece in _pieces(source, separator, keep=keep):
        if len(piece) <= sizes.size:
            good.append(piece)
            continue
        chunks += _joined(good, "" if keep else separator, sizes)
        good = []
        chunks += _cut(piece, finer, sizes, keep=keep) if finer else [piece]
    return chunks + _joined(good, "" if keep else separator, sizes)


def _pieces(source: str, separator: str, *, keep: bool) -> list[str]:
    if not separator:
        return list(source)
    first, *rest = source.split(separator)
    return [piece for piece in (first, *(separator * keep + piece for piece in rest)) if piece]


def _joined(pieces: list[str], separator: str, sizes: Sizes) -> list[str]:
    """Join neighbours up to the size; each chunk repeats the last pieces of the one before, up to the overlap."""
    chunks: list[str] = []
    current: list[str] = []
    total = 0
    for piece in pieces:
        added = len(piece) + (len(separator) if current else 0)
        if current and total + added > sizes.size:
            chunks.append(separator.join(current).strip())
            while current and (total > sizes.overlap or total + added > sizes.size):
                total -= len(current.pop(0)) + (len(separator) if current else 0)
                added = len(piece) + (len(separator) if current else 0)
        current.append(piece)
        total += added
    return [*chunks, separator.join(current).strip()] if current else chunks


def _sections(source: str) -> Iterator[tuple[list[str], str]]:
    """Return the parts of a Markdown text: the headings above each, outermost first, and what is below them."""
    headings: list[str] = []
    body: list[str] = []
    fence = ""
    for line in source.splitlines():
        mark = line.lstrip()[:3]
        if mark in _FENCES and (not fence or fence == mark):
            fence = "" if fence else mark
        level = 0 if fence or not (found := _HEADING.match(line)) else len(found.group(1))
        if not level:
            body.append(line)
            continue
        if body or headings:
            yield headings, "\n".join(body).strip("\n")
        headings = [known for known in headings if len(known) - len(known.lstrip("#")) < level] + [line]
        body = []
    yield headings, "\n".join(body).strip("\n")


PURE: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {"splitter.check": check, "splitter.split": split, "splitter.split_batch": split_batch}
)
