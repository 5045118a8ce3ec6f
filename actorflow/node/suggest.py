"""The "did you mean" of messages about names."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(got: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the known name closest to `got`, or "" when none is close."""
    close = get_close_matches(got, list(known), n=1, cutoff=0.7)
    return f"; did you mean {close[0]!r}?" if close else ""
