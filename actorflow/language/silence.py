"""Silencing a finding on one line, with a reason: `# actorflow: ignore[set-order] the sum does not depend on it`.

In Lua the comment begins with `--`. Only rules that a person may know better about can be silenced: those about what a
replay could not repeat. What a script may not do at all stays refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from actorflow.language.finding import Finding
from actorflow.likeness import close_names

SILENCEABLE: Final = frozenset(
    {
        *(
            "address",
            "busy-wait",
            "cache",
            "clock",
            "module",
            "mutable-default",
            "mutable-global",
            "object-key",
            "randomseed",
        ),
        *("recorded", "set-order", "weak-table", "yield"),
    }
)
"""Codes of rules that one line may be excepted from."""
_COMMENT: Final = re.compile(
    r"(?:#|--)\s{0,9}actorflow:\s{0,9}ignore\b(?:\[([^\]\n]{0,200})\])?[ \t:-]{0,9}([^\n]{0,400})"
)
_LEAST: Final = 3
"""Letters of a reason that is one."""


def silenced(findings: Iterable[Finding], source: str, file: str) -> list[Finding]:
    """Return the findings that no comment on their line silences, with those about the comments themselves."""
    found = sorted(findings, key=lambda finding: (finding.line, finding.column))
    if "actorflow:" not in source:
        return found
    kept: list[Finding] = []
    asked = dict(_asked(source, file))
    for finding in found:
        comment = asked.get(finding.line)
        if comment is None or not comment.takes(finding):
            kept.append(finding)
    kept += [finding for comment in asked.values() for finding in comment.faults()]
    return sorted(kept, key=lambda finding: (finding.line, finding.column))


class _Comment:
    """One comment that silences: what it names, why, and what it has silenced."""

    def __init__(self, place: Finding, codes: list[str], reason: str) -> None:
        self._place = place
        self._codes = codes
        self._reason = reason
        self._used: set[str] = set()

    def takes(self, finding: Finding) -> bool:
        """Tell whether it silences a finding; without a reason it silences nothing."""
        if finding.code not in self._codes or finding.code not in SILENCEABLE or len(self._reason) < _LEAST:
            return False
        self._used.add(finding.code)
        return True

    def faults(self) -> Iterator[Finding]:
        """Yield what is wrong with it."""
        if not self._codes:
            yield self._said("names no rule: write `actorflow: ignore[RULE] why`, with the word that ends the finding")
        elif len(self._reason) < _LEAST:
            yield self._said("gives no reason: write why this line may do it, after the bracket")
        else:
            yield from (self._said(self._unused(code)) for code in self._codes if code not in self._used)

    def _unused(self, code: str) -> str:
        if code in SILENCEABLE:
            return f"silences nothing: there is no finding {code!r} on this line; take it away"
        close = close_names(code, SILENCEABLE)
        return f"cannot silence {code!r}: " + (
            f"did you mean {close[0]!r}?" if close else f"expected one of {', '.join(sorted(SILENCEABLE))}"
        )

    def _said(self, what: str) -> Finding:
        return replace(self._place, message=f"this comment {what}")


def _asked(source: str, file: str) -> Iterator[tuple[int, _Comment]]:
    for number, line in enumerate(source.split("\n"), start=1):
        found = _COMMENT.search(line) if "actorflow:" in line else None
        if found is not None:
            codes = [code.strip() for code in (found[1] or "").split(",") if code.strip()]
            place = Finding(file, number, found.start() + 1, "ignore", "", "warning")
            yield number, _Comment(place, codes, found[2].strip())
