"""Eviction: machines that nobody used for a while, or that are too many, are dropped; replay brings them back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from hosts.workflow.engine import Engine
    from hosts.workflow.resident import Resident

_INTERVAL = 1.0
"""Seconds between two looks."""


async def evict_unused(engine: Engine) -> None:
    """Look for machines to drop, for ever."""
    while True:
        await trio.sleep(_INTERVAL)
        # a hundred thousand runs that are due in one moment wait here without a machine: they are passed over quickly
        live = [resident for resident in engine.residents.values() if resident.live is not None]
        quiet = [resident for resident in live if not (resident.busy or resident.queued or resident.wanting)]
        quiet.sort(key=lambda resident: resident.used)
        _evict(engine, quiet)


def _evict(engine: Engine, quiet: list[Resident]) -> None:
    """Drop the least recently used ones first, until each host's bounds hold."""
    now = engine.clock.monotonic()
    count = len(quiet)
    size = sum(resident.live.size for resident in quiet if resident.live is not None)
    for resident in quiet:
        host, live = resident.host, resident.live
        if host is None or live is None:
            continue
        settings = host.settings
        if count <= settings.cache_runs and size <= settings.cache_bytes and now - resident.used < settings.cache_idle:
            continue
        count -= 1
        size -= live.size
        engine.recovery.drop(resident)
        engine.residents.pop(resident.run, None)
