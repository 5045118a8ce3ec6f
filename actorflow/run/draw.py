"""Random bytes of a durable run: BLAKE2b in counter mode under the run's seed.

The seed comes from the operating system once, at the start, and is kept in the start event. Block n of the stream is
BLAKE2b-512 of n (8 bytes, big-endian) keyed with the seed; each draw begins a new block.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

SEED_SIZE: Final = 32
_BLOCK: Final = 64


class DrawStream:
    """The stream of one run; `count` is how many blocks were used, so that a replay goes on where it stopped."""

    __slots__ = ("_seed", "count")

    def __init__(self, seed: bytes) -> None:
        """Begin the stream of this seed (32 bytes)."""
        self._seed = seed
        self.count = 0

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes."""
        parts = []
        for _ in range(max(1, -(-size // _BLOCK))):
            parts.append(blake2b(self.count.to_bytes(8, "big"), key=self._seed).digest())
            self.count += 1
        return b"".join(parts)[:size]

    def skip(self, size: int) -> None:
        """Pass over what `take(size)` would have returned: a replay takes the recorded bytes instead."""
        self.count += max(1, -(-size // _BLOCK))
