"""Process groups: named sets of processes within a scope, a `pg.scope` entry.

    groups = await pg.open("app:scope")
    await groups.join("workers")
    await groups.broadcast("workers", "wake", 1)
    subscription, members = await groups.monitor("workers")

A process may join a group several times and is a member until it has left as often, or ends.
"""

from __future__ import annotations

from typing import Any, Final

from actorflow.errors import invalid
from actorflow.script.operation import perform
from actorflow.script.subscription import Subscription, opened

__all__ = ["Groups", "Subscription", "open"]

_ALL: Final = False
_LOCAL: Final = True


async def open(scope: str) -> Groups:  # noqa: A001 - the name scripts know
    """Return the groups of a scope.

    Raises:
        Error: kind NotFound when there is no such entry, Invalid when it is no scope.
    """
    await perform("pg.open", scope)
    return Groups(scope)


class Groups:
    """The groups of one scope, as one process uses them. After `release` every method refuses with Invalid."""

    __slots__ = ("_scope",)

    def __init__(self, scope: str) -> None:
        """Use the scope; `open` has checked it."""
        self._scope = scope

    async def join(self, *groups: str) -> None:
        """Make this process a member, once more where it is one already.

        Raises:
            Error: kind Invalid, for a group that is no non-empty text.
        """
        await self._ask("pg.join", list(groups))

    async def leave(self, *groups: str) -> None:
        """Take one joining of each back.

        Raises:
            Error: kind NotFound, when this process is no member of one; then it has left none.
        """
        await self._ask("pg.leave", list(groups))

    async def get_members(self, group: str) -> list[str]:
        """Return the PIDs of the members, in the order of joining."""
        return list(await self._ask("pg.members", group, _ALL))

    async def get_local_members(self, group: str) -> list[str]:
        """Return the PIDs of the members on this node."""
        return list(await self._ask("pg.members", group, _LOCAL))

    async def which_groups(self) -> list[str]:
        """Return the names of all groups with members."""
        return list(await self._ask("pg.groups", _ALL))

    async def which_local_groups(self) -> list[str]:
        """Return the names of all groups with members on this node."""
        return list(await self._ask("pg.groups", _LOCAL))

    async def broadcast(self, group: str, topic: str, *payloads: Any) -> None:
        """Send a message from this process to every member, itself included if it is one.

        Raises:
            Error: kind Invalid, for an empty topic or one that begins with `@`.
        """
        await self._ask("pg.broadcast", group, _ALL, topic, list(payloads))

    async def broadcast_local(self, group: str, topic: str, *payloads: Any) -> None:
        """Do the same to the members on this node."""
        await self._ask("pg.broadcast", group, _LOCAL, topic, list(payloads))

    async def monitor(self, group: str) -> tuple[Subscription, list[str]]:
        """Hear who joins and leaves a group; with it come its members at this moment."""
        subscription, answer = await opened("pg.monitor", self._used(), group)
        return subscription, answer["members"]

    async def events(self) -> tuple[Subscription, dict[str, list[str]]]:
        """Hear who joins and leaves any group; with it come all members at this moment."""
        subscription, answer = await opened("pg.events", self._used())
        return subscription, answer["groups"]

    def release(self) -> None:
        """Use it no more; memberships and subscriptions stay."""
        self._scope = ""

    async def _ask(self, operation: str, *args: Any) -> Any:
        return await perform(operation, self._used(), *args)

    def _used(self) -> str:
        if not self._scope:
            raise invalid("process groups: released")
        return self._scope
