"""Names that are close to a wrong one, for "did you mean"; what compares them comes with the first wrong name."""

from __future__ import annotations

from collections.abc import Iterable


def close_names(name: object, known: Iterable[object], *, cutoff: float = 0.6) -> list[str]:
    """Return the known name that is closest to another, if any is closer than `cutoff` (0 to 1), as a list.

    What is no text is close to nothing: keys of maps that scripts hand over may be numbers.
    """
    from difflib import get_close_matches  # noqa: PLC0415 - most nodes never hear a wrong name

    texts = [each for each in known if isinstance(each, str)]
    return get_close_matches(name, texts, n=1, cutoff=cutoff) if isinstance(name, str) else []
