"""The data directory of a node: who may use it, how often it has booted, and where its control socket is.

It holds `lock` (locked while a node or a command uses the directory, with its process id), `boot` (the boot number),
`control` (path of the control socket) and whatever the stores keep. Only its owner may enter it.
"""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
import time
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from actorflow.errors import INVALID, UNAVAILABLE, Error

VARIABLE: Final = "ACTORFLOW_DATA"
_NAME: Final = ".actorflow"
_LOCK_TRIES: Final = 10
_LOCK_PAUSE: Final = 0.02
"""Seconds between two tries: `holder` of another process holds the lock for an instant."""
_SOCKET_PATH_LIMIT: Final = 100
"""Most bytes of a socket path; the address structure has 104 on some platforms, 108 on others."""


def data_path(directory: Path, data: str | os.PathLike[str] | None, environment: Mapping[str, str]) -> Path:
    """Return the data directory: `data`, else ACTORFLOW_DATA, else `.actorflow` in the registry's directory."""
    return Path(data or environment.get(VARIABLE) or directory / _NAME).absolute()


class DataDirectory:
    """A data directory that this process holds the lock of, until `close`."""

    def __init__(self, path: Path, lock: int) -> None:
        """Wrap a directory whose lock file is open and locked; use `claim` to get one."""
        self.path = path
        self._lock = lock

    @classmethod
    def claim(cls, path: Path) -> DataDirectory:
        """Make the directory if it is not there, and take its lock.

        Raises:
            Error: kind Unavailable, naming the process that holds it; kind Invalid, when it cannot be used at all.
        """
        path = path.absolute()
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.chmod(0o700)
            lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _unusable(path, error) from error
        if not _try_lock(lock):
            holding = _read_holder(lock)
            os.close(lock)
            raise _in_use(path, holding)
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        return cls(path, lock)

    def __enter__(self) -> Self:
        """Return the directory itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Let go of the lock. May be called twice."""
        if self._lock >= 0:
            os.ftruncate(self._lock, 0)
            os.close(self._lock)
            self._lock = -1

    def next_boot(self) -> int:
        """Count this boot and return its number, 1 for the first; it is on disk before this returns.

        Raises:
            Error: kind Invalid, when the counter is damaged or cannot be written.
        """
        file = self.path / "boot"
        try:
            number = int(file.read_text()) + 1 if file.exists() else 1
            _replace(file, f"{number}\n")
        except (OSError, ValueError) as error:
            raise _unusable(file, error) from error
        return number

    def control_path(self) -> Path:
        """Return the path for the control socket, recorded for `find_control`; nothing is listening there yet.

        The socket lies in the directory itself, or under the system's runtime directory when that path is too long.

        Raises:
            Error: kind Invalid, when no usable place is found.
        """
        try:
            path = self.path / "control.sock"
            if len(os.fsencode(path)) > _SOCKET_PATH_LIMIT:
                path = _short_path(self.path)
            path.unlink(missing_ok=True)
            _replace(self.path / "control", f"{path}\n", lasting=False)  # who reads it looks for a node that lives
        except OSError as error:
            raise _unusable(self.path, error) from error
        return path


def find_control(path: Path) -> Path | None:
    """Return where the control socket of the node that uses the directory is, or None when none ever did."""
    try:
        text = (path / "control").read_text().removesuffix("\n")
    except OSError:
        return None
    return Path(text) if text else None  # the machine crashed before it was on disk


def holder(path: Path) -> int | None:
    """Return the process that holds the directory: its id, 0 when it is not known yet, None when nobody does."""
    try:
        lock = os.open(path / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read_holder(lock)
    finally:
        os.close(lock)
    return None


def _try_lock(lock: int) -> bool:
    for attempt in range(_LOCK_TRIES):
        if attempt:
            time.sleep(_LOCK_PAUSE)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        return True
    return False


def _read_holder(lock: int) -> int:
    text = os.pread(lock, 32, 0).strip()
    return int(text) if text.isdigit() else 0


def _replace(file: Path, text: str, *, lasting: bool = True) -> None:
    """Write a whole file so that who reads it has either the old text or the new one; if `lasting`, after a crash too.

    What is not lasting is of no use after a crash of the machine, and does not wait for the disk.
    """
    draft = file.with_name(file.name + ".new")
    with draft.open("w") as stream:
        stream.write(text)
        if lasting:
            stream.flush()
            os.fsync(stream.fileno())
    draft.replace(file)
    if not lasting:
        return
    directory = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _short_path(data: Path) -> Path:
    runtime = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    place = Path(runtime) / f"actorflow-{os.getuid()}"
    place.mkdir(mode=0o700, exist_ok=True)
    found = place.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise OSError(f"{place} is not a directory that only you may enter")
    path = place / (blake2b(os.fsencode(data), digest_size=8).hexdigest() + ".sock")
    if len(os.fsencode(path)) > _SOCKET_PATH_LIMIT:
        raise OSError(f"no room for a socket: {path} is longer than {_SOCKET_PATH_LIMIT} bytes")
    return path


def _in_use(path: Path, holding: int) -> Error:
    who = f"process {holding}" if holding else "another process"
    message = f"data directory {path} is in use by {who}: stop that node, or name another directory with --data"
    return Error(message, UNAVAILABLE, retryable=True, details={"pid": holding, "directory": str(path)})


def _unusable(path: Path, error: Exception) -> Error:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    message = f"cannot use data directory: {path}: {text}; name another directory with --data"
    return Error(message, INVALID, retryable=False, details={"directory": str(path)})
