"""Many rows in few statements.

The driver gives up the interpreter's lock for every statement it steps through, and gets it back only when the node's
thread lets go of it. A statement a row would make a busy node wait for its own writer; many rows a statement
make that wait rare. (Measured with a busy second thread: 6 times the rows a second.)
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

_SIZES: Final = (256, 64, 16, 4, 2, 1)
"""Rows a statement: few sizes, so that the driver's cache of prepared statements holds all of them."""
_JOINED: Final = (256, 64, 16)
"""Rows of an update that joins them."""
_FEW: Final = 4
"""So many rows are changed one by one."""


class RowStatement:
    """A statement with one list of rows: `… VALUES (?, …) …`."""

    __slots__ = ("_exact", "text", "texts")

    def __init__(self, text: str, sizes: Sequence[int] = _SIZES) -> None:
        """Take the statement for one row; `sizes` are the rows of a statement, largest first.

        Raises:
            ValueError: when it has no list of values.
        """
        self.text = text
        head, values, tail = text.partition("VALUES (")
        if not values:
            raise ValueError(f"no VALUES in {text}")
        inside, _, rest = tail.partition(")")
        row = f"({inside})"
        self.texts = [(size, f"{head}VALUES {', '.join([row] * size)}{rest}") for size in sizes]
        self._exact = dict(self.texts)

    def run(self, cursor: Any, rows: Sequence[Sequence[Any]]) -> None:
        """Run it for all rows, in order; how many there are is a sum of the sizes."""
        text = self._exact.get(len(rows))
        if text is not None:  # as in a commit of one step
            cursor.execute(text, tuple(chain.from_iterable(rows)))
            return
        start, left = 0, len(rows)
        for size, text in self.texts:
            while left >= size:
                cursor.execute(text, tuple(chain.from_iterable(rows[start : start + size])))
                start, left = start + size, left - size


class UpdateStatement:
    """A statement that changes rows by their key.

    One that joins a list of rows keeps that as a table of its own first: 50 µs, and 5 for each row, where a statement
    for one row takes 6. So few rows are changed one by one, and more are filled up to a size by repeating the last.
    """

    __slots__ = ("_joined", "joined", "one")

    def __init__(self, one: str, joined: str) -> None:
        """Take the statement for one row, and the one that joins a list of such rows."""
        self.one, self.joined = one, joined
        self._joined = RowStatement(joined, _JOINED)

    def run(self, cursor: Any, rows: Sequence[Sequence[Any]]) -> None:
        """Run it for all rows, each of another key."""
        if len(rows) <= _FEW:
            for row in rows:
                cursor.execute(self.one, row)
        else:
            missing = -len(rows) % _JOINED[-1]
            self._joined.run(cursor, [*rows, *[rows[-1]] * missing])

    @property
    def texts(self) -> list[str]:
        """All its statements."""
        return [self.one, *(text for _, text in self._joined.texts)]
