"""Dying on purpose: the process exits hard at its n-th commit, so that a test can try every one of them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from actorflow.errors import invalid

VARIABLE: Final = "ACTORFLOW_CRASH_AT"
STATUS: Final = 137
"""The exit status of a process that was killed with SIGKILL, as a shell shows it."""


class CrashPoint(NamedTuple):
    """Where to die: at commit number `commit` of a store, counted from 1; 0 is nowhere.

    `after` false: before the commit, whose rows are then lost. True: when they are on disk and nobody has been told.
    """

    commit: int = 0
    after: bool = False

    def reached(self, commit: int, *, after: bool) -> None:
        """Exit without any clean-up if this is the place; otherwise do nothing."""
        if commit == self.commit and after == self.after:
            os._exit(STATUS)


def crash_point(environment: Mapping[str, str]) -> CrashPoint:
    """Return the crash point that `ACTORFLOW_CRASH_AT=n[:before|after]` asks for; before is the default.

    Raises:
        Error: kind Invalid, when the variable has another form.
    """
    text = environment.get(VARIABLE, "")
    if not text:
        return CrashPoint()
    match = re.fullmatch(r"([1-9]\d*)(?::(before|after))?", text)
    if match is None:
        raise invalid(f"{VARIABLE}: got {text!r}, expected a number from 1, or one with :before or :after")
    return CrashPoint(int(match[1]), match[2] == "after")
