"""The "did you mean" of messages about names."""

from __future__ import annotations

from collections.abc import Iterable

from actorflow.likeness import close_names


def did_you_mean(got: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the known name closest to `got`, or "" when none is close."""
    close = close_names(got, known, cutoff=0.7)
    return f"; did you mean {close[0]!r}?" if close else ""
