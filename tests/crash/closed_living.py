"""A life whose store keeps every value under a key, and nearly every payload in a row of its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from tests.crash import living

_OVERRIDES: Final = (
    "app:flows:encryption={keys: {one: 'env:CRASH_KEY'}, active: one}",
    "app:flows:limits={offload: 16}",
)


async def live(place: Path) -> None:
    """Live once, as `living` does."""
    os.environ["CRASH_KEY"] = bytes(range(32)).hex()
    await living.live(place, _OVERRIDES)
