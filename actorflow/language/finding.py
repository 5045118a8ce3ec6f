"""A finding: what a linter says about one place of a script."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    Attributes:
        file: where the source came from, as given.
        line: 1 is the first line.
        column: 1 is the first character of the line.
        code: a stable word for the rule, e.g. `import`.
        message: what was found, and what to use instead.
        severity: "error" keeps the script from running, "warning" does not.
    """

    file: str
    line: int
    column: int
    code: str
    message: str
    severity: Severity = "error"

    def __str__(self) -> str:
        """Return `file:line:column: severity: message [code]`."""
        return f"{self.file}:{self.line}:{self.column}: {self.severity}: {self.message} [{self.code}]"
