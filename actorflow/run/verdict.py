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


WAYS_OUT: Final = "ways out:"


def ways_out(run: str = "", step: int = 0, source: str = "") -> str:
    """Return what a person may do about a run that does not fit its source, on lines of their own.

    Args:
        run: its workflow id, "" for any.
        step: the position in the journal where they differ, 0 when that has no more there.
        source: the content hash of the source that it began with, "" when nobody has looked.
    """
    name, since, pin = run or "RUN", f" --from {step}" if step else "", source or "HASH"
    lines = (
        f"pin: `actorflow run repin {name} --source {pin}` goes on with a stored source, as the one it began with",
        f"version: the change goes behind workflow.version(change, -1, 1), and `run repin {name} --source registered`",
        f"fork: `actorflow run fork {name}{since} --source registered` begins a new run there, with the code of now",
        f"accept: `actorflow run accept {name}` drops what it did from there on (`--dry-run` says what), and goes on",
    )
    return "\n  ".join((WAYS_OUT, *lines))


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
