"""Names that are close to a wrong one, for "did you mean"; what compares them comes with the first wrong name."""

from __future__ import annotations

from collections.abc import Iterable


def close_names(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> list[str]:
    """Return the known name that is closest to another, if any is closer than `cutoff` (0 to 1), as a list."""
    from difflib import get_close_matches  # noqa: PLC0415 - most nodes never hear a wrong name

    return get_close_matches(name, list(known), n=1, cutoff=cutoff)
