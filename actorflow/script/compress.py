"""Compression: `compress.gzip.encode(data)`, `compress.gzip.decode(data)`; also zlib, deflate, brotli and zstd.

Pure, the same on every host. brotli and zstd need the extra `compress` (`pip install 'actorflow[compress]'`).
"""

from __future__ import annotations

from typing import Any, Final

from actorflow.module import compress


class Format:
    """One format. Its calls raise `Error` Invalid for bad data or options, Unavailable without its library."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        """Remember which."""
        self._name = name

    def encode(self, data: str | bytes, *, level: int | None = None) -> bytes:
        """Return `data` compressed."""
        return compress.encode(self._name, data, None if level is None else {"level": level})

    def decode(self, data: bytes, *, max_size: int | None = None) -> bytes:
        """Return what was compressed, if it is at most `max_size` bytes (16 MiB, and never more)."""
        options: dict[str, Any] | None = None if max_size is None else {"max_size": max_size}
        return compress.decode(self._name, data, options)


gzip: Final = Format("gzip")
zlib: Final = Format("zlib")
deflate: Final = Format("deflate")
brotli: Final = Format("brotli")
zstd: Final = Format("zstd")
