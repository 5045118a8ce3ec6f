"""Regular expressions in RE2's syntax (google-re2): matching is linear in the text, whatever the pattern.

Text is matched as bytes of UTF-8. A `place` is the pair of the first and last byte of a match, counted from 1, so that
`s:sub(first, last)` is the match; an empty match has its last byte before its first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from actorflow.errors import invalid
from actorflow.module.octets import octets, text, unexpected
from actorflow.module.search import searcher

_CACHED: Final = 256
"""Compiled patterns that are kept: a memo of a pure function, shared by whoever uses the same pattern."""
_MOST_MATCHES: Final = 100_000
"""In one call, groups counted, for nothing else of the node runs meanwhile."""
_LARGEST: Final = 16 << 20
"""Bytes of a text with replacements."""
Groups = list[bytes | None]


@lru_cache(_CACHED)
def compiled(pattern: str) -> Any:
    """Return the compiled pattern.

    Raises:
        Error: kind Invalid, with what RE2 says, for a pattern that it refuses.
    """
    return searcher(pattern)


def check(pattern: Any = None) -> str:
    """Return a pattern that compiles.

    Raises:
        Error: kind Invalid, when it is no text or RE2 refuses it.
    """
    given = text(pattern, "text.regexp.compile")
    compiled(given)
    return given


def _searched(method: str, pattern: Any, subject: Any) -> tuple[Any, bytes]:
    return compiled(text(pattern, "pattern")), octets(subject, f"Regexp:{method}")


def match(pattern: str, subject: Any = None) -> bool:
    """Tell whether there is a match anywhere in a text."""
    regexp, data = _searched("match_string", pattern, subject)
    return regexp.search(data) is not None


def find(pattern: str, subject: Any = None) -> bytes | None:
    """Return the first match, None without one."""
    regexp, data = _searched("find_string", pattern, subject)
    found = regexp.search(data)
    return None if found is None else found.group(0)


def find_place(pattern: str, subject: Any = None) -> list[int] | None:
    """Return the place of the first match, None without one."""
    regexp, data = _searched("find_string_index", pattern, subject)
    found = regexp.search(data)
    return None if found is None else _place(found)


def find_groups(pattern: str, subject: Any = None) -> Groups | None:
    """Return the first match and its groups, "" for a group that took no part; None without a match."""
    regexp, data = _searched("find_string_submatch", pattern, subject)
    found = regexp.search(data)
    return None if found is None else _groups(found)


def find_all(pattern: str, subject: Any = None, most: Any = None) -> list[bytes]:
    """Return all matches that do not overlap, or the first `most` of them."""
    regexp, data = _searched("find_all_string", pattern, subject)
    return [found.group(0) for found in _each(regexp, data, _most(most))]


def find_all_places(pattern: str, subject: Any = None, most: Any = None) -> list[list[int]]:
    """Return the places of all matches, or of the first `most` of them."""
    regexp, data = _searched("find_all_string_index", pattern, subject)
    return [_place(found) for found in _each(regexp, data, _most(most))]


def find_all_groups(pattern: str, subject: Any = None, most: Any = None) -> list[Groups]:
    """Return all matches with their groups, or the first `most` of them."""
    regexp, data = _searched("find_all_string_submatch", pattern, subject)
    return [_groups(found) for found in _each(regexp, data, _most(most), regexp.groups + 1)]


def replace(pattern: str, subject: Any = None, replacement: Any = None) -> bytes:
    """Return a text with every match replaced; `$1`, `${name}` and `$0` in the replacement are groups, `$$` a dollar.

    As in Go, `$name` takes the longest run of letters, digits and underscores, and an unknown group is empty.
    """
    regexp, data = _searched("replace_all_string", pattern, subject)
    parts = list(_template(octets(replacement, "Regexp:replace_all_string, replacement"), regexp))
    made: list[bytes] = []
    last = size = 0
    for found in _each(regexp, data):
        more = [data[last : found.start()], *[_expanded(part, found) for part in parts]]
        size += sum(map(len, more))
        if size > _LARGEST:
            raise invalid(f"Regexp:replace_all_string: the result would be more than {_LARGEST:,} bytes")
        made += more
        last = found.end()
    return b"".join([*made, data[last:]])


def split(pattern: str, subject: Any = None, most: Any = None) -> list[bytes]:
    """Return the pieces between the matches: at most `most` of them, all if that is negative or None, none for 0."""
    regexp, data = _searched("split", pattern, subject)
    limit = -1 if most is None else _whole(most, "split")
    if limit == 0:
        return []
    pieces: list[bytes] = []
    last = 0
    if not data:
        return [b""]
    for found in _each(regexp, data):
        if limit > 0 and len(pieces) == limit - 1:
            break
        if found.end() != 0:  # as in Go, an empty match at the beginning splits nothing off
            if found.start() == len(data) and found.start() == found.end():
                break
            pieces.append(data[last : found.start()])
            last = found.end()
    return [*pieces, data[last:]]


def group_count(pattern: str) -> int:
    """Return how many groups a pattern has."""
    count: int = compiled(pattern).groups
    return count


def group_names(pattern: str) -> list[str]:
    """Return the names of the whole match and of each group, "" for those without."""
    regexp = compiled(pattern)
    names = {index: _text_of(name) for name, index in regexp.groupindex.items()}
    return [names.get(index, "") for index in range(regexp.groups + 1)]


def group_index(pattern: str, name: Any = None) -> int:
    """Return the number of a named group, -1 when there is none of this name."""
    wanted = text(name, "Regexp:subexp_index")
    found = [index for index, known in enumerate(group_names(pattern)) if known == wanted]
    return found[0] if wanted and found else -1


# ---- matches -----------------------------------------------------------------------------------------------------


def _each(regexp: Any, data: bytes, most: int = -1, groups: int = 1) -> Iterator[Any]:
    """Return the matches from left to right; an empty one right after another match is none, as in Go.

    `groups` are what is kept of each.
    """
    at, end, count = 0, -1, 0
    while at <= len(data) and count != most:
        found = regexp.search(data, at)
        if found is None:
            return
        start, stop = found.span()
        if start != stop or start != end:
            count += 1
            if count * groups > _MOST_MATCHES:
                raise invalid(f"regexp: more than {_MOST_MATCHES:,} matches; match a part of the text at a time")
            yield found
        end = stop
        at = stop if stop > start else _next(data, stop)


def _next(data: bytes, at: int) -> int:
    """Return where the character after the one at `at` begins."""
    at += 1
    while at < len(data) and data[at] & 0xC0 == 0x80:  # noqa: PLR2004 - a continuation byte of UTF-8
        at += 1
    return at


def _groups(found: Any) -> Groups:
    return [found.group(0), *[b"" if group is None else group for group in found.groups()]]


def _place(found: Any) -> list[int]:
    return [found.start() + 1, found.end()]


def _template(replacement: bytes, regexp: Any) -> Iterator[bytes | int]:
    """Return the pieces of a replacement: bytes, and numbers of groups, -1 for one that does not exist."""
    plain, at = 0, replacement.find(b"$")
    while at >= 0:
        reference, stop = _reference(replacement, at + 1)
        if reference is None:
            at = replacement.find(b"$", at + 1)
            continue
        yield replacement[plain:at]
        yield b"$" if reference == b"$" else _group_of(reference, regexp)
        plain, at = stop, replacement.find(b"$", stop)
    yield replacement[plain:]


def _reference(replacement: bytes, at: int) -> tuple[bytes | None, int]:
    """Return what follows a dollar sign, and where that ends; None when it is no reference."""
    if replacement[at : at + 1] == b"$":
        return b"$", at + 1
    braced = replacement[at : at + 1] == b"{"
    start = stop = at + braced
    while stop < len(replacement) and (replacement[stop : stop + 1].isalnum() or replacement[stop : stop + 1] == b"_"):
        stop += 1
    if stop == start or (braced and replacement[stop : stop + 1] != b"}"):
        return None, at
    return replacement[start:stop], stop + braced


def _group_of(reference: bytes, regexp: Any) -> int:
    if reference.isdigit():
        number = int(reference)
        return number if number <= regexp.groups else -1
    index: int = {_text_of(name): index for name, index in regexp.groupindex.items()}.get(_text_of(reference), -1)
    return index


def _expanded(part: bytes | int, found: Any) -> bytes:
    if isinstance(part, bytes):
        return part
    return b"" if part < 0 else found.group(part) or b""


def _text_of(name: str | bytes) -> str:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else name


def _most(value: Any) -> int:
    return -1 if value is None else max(_whole(value, "find_all_string"), -1)


def _whole(value: Any, method: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        raise unexpected(value, "a whole number", f"Regexp:{method}")
    return int(value)


PURE: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {
        "regexp.check": check,
        "regexp.match_string": match,
        "regexp.find_string": find,
        "regexp.find_string_index": find_place,
        "regexp.find_string_submatch": find_groups,
        "regexp.find_all_string": find_all,
        "regexp.find_all_string_index": find_all_places,
        "regexp.find_all_string_submatch": find_all_groups,
        "regexp.replace_all_string": replace,
        "regexp.split": split,
        "regexp.num_subexp": group_count,
        "regexp.subexp_names": group_names,
        "regexp.subexp_index": group_index,
    }
)
