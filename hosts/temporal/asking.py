"""What operators ask of a worker: its runs, and queries and updates of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from actorflow.value import Value
    from hosts.temporal.dealing import Dealing
    from hosts.temporal.view import View


class Asking:
    """A worker that answers operators, by what it sees and whom it deals with."""

    view: View
    dealing: Dealing

    async def listed(self, which: Mapping[str, str], limit: int) -> list[dict[str, Any]]:
        """See `View.listed`."""
        return await self.view.listed(which, limit)

    async def shown(self, reference: str) -> dict[str, Any]:
        """See `View.shown`."""
        return await self.view.shown(reference)

    async def explained(self, reference: str) -> dict[str, Any]:
        """See `View.explained`."""
        return await self.view.explained(reference)

    async def history(self, reference: str, after: int, limit: int) -> list[dict[str, Any]]:
        """See `View.history`."""
        return await self.view.history(reference, after, limit)

    async def called(self, reference: str, limit: int) -> list[dict[str, Any]]:
        """See `View.called`."""
        return await self.view.called(reference, limit)

    async def chain(self, reference: str, after: int) -> list[dict[str, Any]]:
        """See `View.chain`."""
        return await self.view.chain(reference, after)

    async def changed(self, verb: str, reference: str, reason: str) -> dict[str, Any]:
        """See `View.changed`."""
        return await self.view.changed(verb, reference, reason)

    async def has(self, reference: str) -> bool:
        """Tell whether the cluster has a run, by a PID or a workflow id."""
        return await self.view.has(reference)

    async def query(self, reference: str, name: str, args: tuple[Value, ...]) -> Value:
        """Answer a query of a run."""
        return await self.dealing.query(reference, name, args)

    async def update(
        self, reference: str, name: str, args: tuple[Value, ...], *, update_id: str = "", wait_for: str = "completed"
    ) -> Value:
        """Update a run and return its answer, or its id once it is accepted."""
        return await self.dealing.update(reference, name, args, update_id, wait_for)

    async def wake(self, reference: str, data: Value) -> None:
        """Let a suspended run go on."""
        await self.dealing.wake(reference, data)
