"""Searching with regular expressions that come from configuration or scripts: RE2, linear in the text."""

from __future__ import annotations

from typing import Any

from actorflow.errors import invalid


def searcher(pattern: str) -> Any:
    """Return the compiled pattern; its method `search` takes bytes.

    Raises:
        Error: kind Invalid, with what RE2 says, for a pattern that it refuses.
    """
    import re2  # noqa: PLC0415 - imported when first used

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern.encode(), options)
    except (re2.error, UnicodeEncodeError) as error:
        said = error.args[0] if error.args else ""
        shown = said.decode(errors="replace") if isinstance(said, bytes) else str(error)
        raise invalid(f"not a regular expression: {pattern!r:.80}: {shown}") from None


def found(pattern: str, text: str) -> bool:
    """Tell whether a pattern matches somewhere in a text; raises as `searcher` does."""
    return searcher(pattern).search(text.encode(errors="surrogatepass")) is not None
