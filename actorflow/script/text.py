r"""Regular expressions in RE2's syntax, diffs and patches, splitting into chunks: pure, the same on every host.

    order = text.compile(r"order-(?P<number>\d+)")
    order.find_submatch("order-17")    # ["order-17", "17"]

Patterns are matched in time linear in the text, so those that a user typed are safe.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from actorflow.errors import invalid
from actorflow.module import diff as diffs
from actorflow.module import regexp, splitter

_SPLITTERS: Final = ("recursive", "markdown")


def compile(pattern: str) -> Regexp:  # noqa: A001 - the name scripts know
    """Return a compiled pattern; raises `Error` Invalid for one that RE2 refuses."""
    return Regexp(pattern)


class Regexp:
    """A compiled pattern; `pattern` is its text. Matches are looked for anywhere in a text."""

    __slots__ = ("pattern",)

    def __init__(self, pattern: str) -> None:
        """Compile a pattern; raises `Error` Invalid for one that RE2 refuses."""
        self.pattern = regexp.check(pattern)

    def match(self, subject: str) -> bool:
        """Tell whether there is a match."""
        return regexp.match(self.pattern, subject)

    def find(self, subject: str) -> str | None:
        """Return the first match, or None."""
        return _text(regexp.find(self.pattern, subject))

    def find_submatch(self, subject: str) -> list[str] | None:
        """Return the first match and its groups, "" for one that took no part; None without a match."""
        found = regexp.find_groups(self.pattern, subject)
        return None if found is None else _texts(found)

    def find_all(self, subject: str, most: int = -1) -> list[str]:
        """Return all matches, or the first `most` of them."""
        return _texts(regexp.find_all(self.pattern, subject, most))

    def find_all_submatch(self, subject: str, most: int = -1) -> list[list[str]]:
        """Return all matches with their groups, or the first `most` of them."""
        return [_texts(groups) for groups in regexp.find_all_groups(self.pattern, subject, most)]

    def replace(self, subject: str, replacement: str) -> str:
        """Return a text with every match replaced; `$1` and `${name}` are groups, `$$` is a dollar."""
        return regexp.replace(self.pattern, subject, replacement).decode()

    def split(self, subject: str, most: int = -1) -> list[str]:
        """Return the pieces between the matches, at most `most` of them unless it is negative."""
        return _texts(regexp.split(self.pattern, subject, most))

    def group_names(self) -> list[str]:
        """Return the names of the whole match and of each group, "" for those without."""
        return regexp.group_names(self.pattern)


class Differ:
    """Compares texts. Options: `diff_edit_cost`, `match_threshold`, `match_distance`, `patch_margin` and others."""

    __slots__ = ("_options",)

    def __init__(self, **options: float) -> None:
        """Take options; raises `Error` Invalid for an unknown one."""
        self._options = diffs.check(options)

    def compare(self, old: str, new: str) -> list[dict[str, str]]:
        """Return the steps `{operation, text}` from one text to the other: `equal`, `insert`, `delete`."""
        return diffs.compare(self._options, old, new)

    def summarize(self, steps: Sequence[Mapping[str, str]]) -> dict[str, int]:
        """Return how many characters are `equals`, `insertions`, `deletions`."""
        return diffs.summarize([dict(step) for step in steps])

    def pretty_html(self, steps: Sequence[Mapping[str, str]]) -> str:
        """Return a diff as HTML."""
        return diffs.pretty_html([dict(step) for step in steps])

    def pretty_text(self, steps: Sequence[Mapping[str, str]]) -> str:
        """Return a diff as colored text for a terminal."""
        return diffs.pretty_text([dict(step) for step in steps])

    def patch_make(self, old: str, new: str) -> list[dict[str, str]]:
        """Return the patches from one text to the other."""
        return diffs.patch_make(self._options, old, new)

    def patch_apply(self, patches: Sequence[Mapping[str, str]], subject: str) -> tuple[str, bool]:
        """Return a text with patches applied, and whether all were."""
        made, complete = diffs.patch_apply(self._options, [dict(patch) for patch in patches], subject)
        return made, complete


class Splitter:
    """Cuts text into chunks of at most `chunk_size` characters; `kind` is `recursive` or `markdown`."""

    __slots__ = ("_kind", "_options")

    def __init__(self, kind: str = "recursive", **options: Any) -> None:
        """Take options, e.g. `chunk_size`, `chunk_overlap`; raises `Error` Invalid for an unknown one, or kind."""
        if kind not in _SPLITTERS:
            raise invalid(f"text.Splitter: got the kind {kind!r:.80}, expected one of {', '.join(_SPLITTERS)}")
        self._kind = kind
        self._options = splitter.check(kind, options)

    def split(self, subject: str) -> list[str]:
        """Return the chunks of a text."""
        return splitter.split(self._kind, self._options, subject)

    def split_batch(self, pages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return the chunks `{content, metadata}` of several pages of that form."""
        return splitter.split_batch(self._kind, self._options, [dict(page) for page in pages])


def _text(data: bytes | None) -> str | None:
    return None if data is None else data.decode(errors="replace")


def _texts(found: Sequence[bytes | None]) -> list[str]:
    return ["" if data is None else data.decode(errors="replace") for data in found]
