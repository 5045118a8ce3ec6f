"""Room in the write-ahead log: its end is kept ahead of what is written, so that a sync has no file size to write.

A commit that lets its file grow makes the file system write the new size and the new blocks with every sync; one that
writes over what is there makes it write the rows alone. A log that has begun anew once is written over anyway; that
of a young store is not, and a sync of one step took twice as long there (`docs/decisions`, "What a lone step costs").

What is behind the last commit of a log is no part of it: a frame counts by the salt and the checksum of the log that
it is in (https://sqlite.org/fileformat2.html#walformat), and zeros have neither. A crash in the middle leaves a log
with less room. Nothing is written but behind the end of the file, and only while the write lock is held.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

_LOOKS: Final = 16
"""Transactions from one look at the file to the next: a look costs three calls of the system."""
_ROOM: Final = 1 << 20
"""Bytes that are added at once: those of some 80 commits of a step; four times as many take longer than they save."""
_MOST: Final = 42 << 20
"""Bytes of a log that is large enough: it begins anew before (`wal_autocheckpoint` of `dialect`)."""
_SPARE: Final = 256 << 20
"""Bytes that a disk must have left: on one that is nearly full the log takes no more than it needs."""
_FRAME: Final = 24 + 4096
"""Bytes in which a frame begins, if there is one: of pages of the usual size."""


class LogRoom:
    """Makes room in the log of one connection that writes; all of it is called in that connection's thread."""

    __slots__ = ("_countdown", "_file", "_mark", "_path")

    def __init__(self, path: Path) -> None:
        """Name the log; it is looked at after the first few transactions: most programs make no more."""
        self._path = path
        self._file = -1
        self._mark = 0
        self._countdown = _LOOKS

    def look(self) -> None:
        """Make room if there is little left. To be called inside of each write transaction, before it writes."""
        self._countdown -= 1
        if not self._countdown:
            self._countdown = _LOOKS
            try:
                self._extend()
            except OSError:  # a full disk, a limit of the process: the log grows as it would without
                self.close()

    def close(self) -> None:
        """Let go of the file, and make no more room."""
        self._countdown = 0  # is never reached again
        if self._file >= 0:
            with suppress(OSError):
                os.close(self._file)
            self._file = -1

    def _extend(self) -> None:
        """Write zeros behind the end of the file, if the log has come to the mark in those that were written last."""
        if self._file < 0:
            self._file = os.open(self._path, os.O_RDWR | getattr(os, "O_CLOEXEC", 0))
        size = os.fstat(self._file).st_size
        if size >= _MOST or (self._mark < size and self._mark and not any(os.pread(self._file, _FRAME, self._mark))):
            return
        disk = os.fstatvfs(self._file)
        if disk.f_bavail * disk.f_frsize < _SPARE:
            return
        os.pwrite(self._file, bytes(_ROOM), size)
        self._mark = size + _ROOM // 2
