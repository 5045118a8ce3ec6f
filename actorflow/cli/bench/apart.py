"""Measuring in a process of its own, which has nothing else in it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import trio

from actorflow.cli.bench.row import Figures


def environment(place: Path) -> dict[str, str]:
    """Return an environment in which modules are compiled once, as if installed, and kept in `place`."""
    found = {**os.environ, "PYTHONPYCACHEPREFIX": str(place / "pycache")}
    found.pop("PYTHONDONTWRITEBYTECODE", None)
    return found


def command(module: str, *words: str) -> list[str]:
    """Return the command that runs a module with these words."""
    return [sys.executable, "-m", module, *words]


async def apart(words: list[str], env: Mapping[str, str]) -> Figures:
    """Run a command that prints its figures as JSON, and return them."""
    child = await trio.run_process(words, capture_stdout=True, env=env)
    rate, more = json.loads(child.stdout)
    return rate, more
