"""Verdicts: whether a recorded run could go on with other code than its own. Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SAFE: Final = "safe"
NEEDS_PIN: Final = "needs pin"
DIVERGES: Final = "diverges"
PARTLY: Final = "partly"
NONDETERMINISM: Final = "nondeterminism"
"""How the reason of a pause begins that is for a run whose source does not repeat its journal."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a replay on other code has shown.

    Attributes:
        word: `safe`, `needs pin` (the replay cannot tell, so the run must keep its source), or `diverges`. Of a run
            whose values are withheld also `partly`: the replay came as far as `step`.
        step: the position in the journal where it diverges, 0 for none. fact: that of the fact that had led there.
        reason: why, in a sentence. report: the two columns of a divergence, else "".
    """

    word: str
    step: int = 0
    reason: str = ""
    report: str = ""
    fact: int = 0

    @property
    def is_safe(self) -> bool:
        """Whether the run may go on with that code."""
        return self.word == SAFE
