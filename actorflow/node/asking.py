"""What applications ask of durable runs on a node: queries and updates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import trio

from actorflow.errors import TIMEOUT, Error, invalid, not_found
from actorflow.names import is_pid
from actorflow.node.router import is_durable
from actorflow.value import copy_value

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from actorflow.node.node import Node
    from actorflow.value import Value


class Asking:
    """The part of a node's front that is about durable runs; `RUN` is a PID, a name, a workflow id or a run id."""

    async def query(self, run: str, name: str, *args: Value, timeout: float = 30.0) -> Value:  # noqa: ASYNC109
        """Ask a durable run something that changes nothing, and return the answer; see `workflow.set_query`.

        A run that is parked is rebuilt for it, one that has ended answers as it was at its end. Nothing is recorded.

        Raises:
            Error: NotFound without such a run or query, naming those that there are; Invalid for a query that wants to
                wait or to change something; Timeout after `timeout` seconds; what the query raises.
        """
        host = await self.durable_host(run)
        given = tuple(copy_value(value) for value in args)
        return await _in_time(host.query(run, name, given), timeout, f"query {name!r} of {run}")

    async def update(
        self,
        run: str,
        name: str,
        *args: Value,
        id: str = "",  # noqa: A002 - what it is called everywhere
        wait_for: str = "completed",
        timeout: float = 30.0,  # noqa: ASYNC109 - part of the public front
    ) -> Value:
        """Ask a durable run to do something and return its answer; see `workflow.on_update`.

        Its validator is asked first: what it rejects leaves nothing recorded. Then the update is journaled, accepted or
        rejected by the run, and answered. Asking again with the same `id` does nothing anew and gives the same answer,
        after a crash and after the end of the run too. With `wait_for="accepted"` the id is returned once the run has
        accepted.

        Raises:
            Error: Invalid when it is rejected, NotFound without such a run, Conflict when the run has ended without an
                answer, Timeout after `timeout` seconds: then ask again with the same id; what the run answers as error.
        """
        host = await self.durable_host(run)
        given = tuple(copy_value(value) for value in args)
        doing = host.update(run, name, given, update_id=id, wait_for=wait_for)
        return await _in_time(doing, timeout, f"update {name!r} of {run}")

    async def durable_host(self, run: str) -> Any:
        """Return the durable host of a run.

        Raises:
            Error: kind NotFound, without such a run; Invalid, when it is an actor.
        """
        node: Node = self  # type: ignore[assignment] # this is a part of it, see above
        if is_pid(run) or node.directory.find(run):
            host, _ = node.router.resolve(run)
            if not is_durable(host):
                raise invalid(f"{run} runs on {host.id}, which is no durable host; send it a message instead")
            return host
        for host in list(node.hosts.values()):
            if is_durable(host) and await host.has(run):  # type: ignore[attr-defined] # durable hosts know their runs
                return host
        raise not_found(f"no run {run!r}: expected a PID, a workflow id or a run id; `actorflow runs` lists them")


async def _in_time(doing: Awaitable[Any], seconds: float, what: str) -> Any:
    try:
        with trio.fail_after(seconds):
            return await doing
    except trio.TooSlowError:
        raise Error(f"{what} timed out after {seconds} s", TIMEOUT) from None
