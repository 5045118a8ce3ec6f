"""How much memory a process has."""

from __future__ import annotations

from pathlib import Path


def resident_bytes() -> int:
    """Return the resident memory of this process in bytes, 0 where the platform does not tell."""
    try:
        fields = Path("/proc/self/statm").read_text().split()
    except OSError:
        return 0
    return int(fields[1]) * 4096
