"""The directory: names of processes on one node. A name belongs to a PID until that process ends."""

from __future__ import annotations

from actorflow.errors import ALREADY_EXISTS, Error, not_found
from actorflow.node.suggest import did_you_mean


class Directory:
    """Names and the PIDs they stand for. It does not know whether a PID lives: who registers has asked."""

    def __init__(self) -> None:
        """Make an empty directory."""
        self._pids: dict[str, str] = {}
        self._names: dict[str, list[str]] = {}

    def __len__(self) -> int:
        """Return how many names are registered."""
        return len(self._pids)

    def register(self, name: str, pid: str) -> None:
        """Give `name` to `pid`; again the same pair is nothing.

        Raises:
            Error: kind AlreadyExists, when another PID has the name.
        """
        holder = self._pids.setdefault(name, pid)
        if holder != pid:
            raise Error(f"name already registered: {name!r} is {holder}", ALREADY_EXISTS, retryable=False)
        names = self._names.setdefault(pid, [])
        if name not in names:
            names.append(name)

    def find(self, name: str) -> str | None:
        """Return the PID that has the name, or None."""
        return self._pids.get(name)

    def resolve(self, name: str) -> str | None:
        """Return the PID that messages to the name go to, or None: as `find`, unless there are other scopes."""
        return self._pids.get(name)

    def known(self) -> set[str]:
        """Return the PIDs that have names."""
        return set(self._names)

    def lookup(self, name: str) -> str:
        """Return the PID that has the name.

        Raises:
            Error: kind NotFound, when nobody has it.
        """
        pid = self._pids.get(name)
        if pid is None:
            raise not_found(f"name not registered: {name!r}{self.hint(name)}")
        return pid

    def names_of(self, pid: str) -> tuple[str, ...]:
        """Return the names of a process, in the order of registering."""
        return tuple(self._names.get(pid, ()))

    def hint(self, name: str) -> str:
        """Return `; did you mean …?` when a registered name is close to this one, else ""."""
        return did_you_mean(name, self._pids)

    def unregister(self, name: str) -> bool:
        """Free a name, whoever has it; False when nobody has."""
        pid = self._pids.pop(name, None)
        if pid is None:
            return False
        names = self._names[pid]
        names.remove(name)
        if not names:
            del self._names[pid]
        return True

    def release(self, pid: str) -> None:
        """Free every name of a process that has ended."""
        for name in self._names.pop(pid, ()):
            del self._pids[name]
