"""The fencing token of runs that nobody may turn."""

from __future__ import annotations

from typing import Final

FENCED: Final = -1
"""In the row of a run that is being moved to another store: no owner has it, and no verb changes the run."""
