"""What a node says of the process that it is, so that another one on the same machine can prove that it has ended.

Only proofs count: the same boot of the same kernel, and there either no process of that id and start any more, or the
lock of the very file that it held, which whoever asks holds now. A lost connection, a name or a counter proves nothing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_SPACE: Final = Path("/proc/self/ns/pid")
_STARTED: Final = 19
"""Where the time at which a process started stands in its `stat`, counted after its name (proc(5), field 22)."""


def life(data: Path | None = None) -> dict[str, Any]:
    """Return what tells the process that asks from every other one; `data` is the data directory whose lock it holds.

    `boot` identifies this boot of the kernel ("" where that is unknown: then nothing is ever proved), `space` the
    process ids that its own is one of, `started` when it did, in ticks since the boot, `lock` the file of its lock.
    """
    pid = os.getpid()
    try:
        boot, space = _BOOT.read_text(encoding="ascii").strip(), str(_SPACE.readlink())
    except OSError:
        boot = space = ""
    return {"process": pid, "boot": boot, "space": space, "started": _started(pid), "lock": _lock(data)}


def has_ended(other: Mapping[str, Any], mine: Mapping[str, Any]) -> bool:
    """Tell whether it is proved that the process which has said `other` of itself has ended; `mine` is the asker's.

    False is no proof that it lives.
    """
    pid = other.get("process")
    if not mine["boot"] or other.get("boot") != mine["boot"] or not isinstance(pid, int) or pid <= 0:
        return False
    if (other.get("space"), pid, other.get("started")) == (mine["space"], mine["process"], mine["started"]):
        return False
    if mine["lock"] and other.get("lock") == mine["lock"]:
        return True
    return other.get("space") == mine["space"] and _is_gone(pid, other.get("started"))


def _is_gone(pid: int, started: object) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:  # it is somebody else's, and there
        pass
    now = _started(pid)
    return bool(started and now) and started != now


def _started(pid: int) -> int:
    """Return when a process started, 0 when that is not to be known."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
        return int(stat[stat.rindex(b")") + 2 :].split()[_STARTED])
    except (OSError, ValueError, IndexError):
        return 0


def _lock(data: Path | None) -> str:
    try:
        found = (data / "lock").stat() if data is not None else None
    except OSError:
        return ""
    return f"{found.st_dev}:{found.st_ino}" if found is not None else ""
