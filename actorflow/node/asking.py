"""What applications ask of durable runs on a node: queries, updates and approvals."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

import trio

from actorflow.errors import TIMEOUT, Error, invalid, not_found
from actorflow.names import is_pid
from actorflow.node.asker import answer_of, context_of, judge
from actorflow.node.router import is_durable
from actorflow.value import copy_value

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from actorflow.node.node import Node
    from actorflow.value import Value

_FOUND_OUT: Final = 3.0
"""Seconds that a caller whose time is over waits for the reason; less than clients wait beyond their time-outs."""


@runtime_checkable
class _Telling(Protocol):
    """A durable host that can say why an update may wait: that nothing in its run's script takes it, else ""."""

    async def unhandled(self, reference: str, name: str) -> str: ...


class Asking:
    """The part of a node's front that is about durable runs; `RUN` is a PID, a name, a workflow id or a run id."""

    async def query(
        self,
        run: str,
        name: str,
        *args: Value,
        timeout: float = 30.0,  # noqa: ASYNC109 - part of the public front
        actor: Mapping[str, Value] | None = None,
        scope: Sequence[str] | None = None,
    ) -> Value:
        """Ask a durable run something that changes nothing, and return the answer; see `workflow.set_query`.

        A run that is parked is rebuilt for it, one that has ended answers as it was at its end. Nothing is recorded.
        When an `actor` (`{"id": …, "meta": …}`) asks in a `scope` of policies, the guard is asked for `workflow.query`.

        Raises:
            Error: NotFound without such a run or query, naming those that there are; Invalid for a query that wants to
                wait or to change something; PermissionDenied for who may not; Timeout after `timeout` seconds; what the
                query raises.
        """
        host = await self.durable_host(run)
        await self._judge(host, ("workflow.query", name, run), actor, scope)
        given = tuple(copy_value(value) for value in args)
        return await _in_time(host.query(run, name, given), timeout, f"query {name!r} of {run}")

    async def update(  # noqa: PLR0913 - what an update is, and who asks
        self,
        run: str,
        name: str,
        *args: Value,
        id: str = "",  # noqa: A002 - what it is called everywhere
        wait_for: str = "completed",
        timeout: float = 30.0,  # noqa: ASYNC109 - part of the public front
        actor: Mapping[str, Value] | None = None,
        scope: Sequence[str] | None = None,
    ) -> Value:
        """Ask a durable run to do something and return its answer; see `workflow.on_update`.

        Its validator is asked first: what it rejects leaves nothing recorded. Then the update is journaled, accepted or
        rejected by the run, and answered. Asking again with the same `id` does nothing anew and gives the same answer,
        after a crash and after the end of the run too. With `wait_for="accepted"` the id is returned once the run has
        accepted. When an `actor` asks in a `scope` of policies, the guard is asked for `workflow.update`.

        Raises:
            Error: Invalid when it is rejected, NotFound without such a run, Conflict when the run has ended without an
                answer, PermissionDenied for who may not, Timeout after `timeout` seconds, with why if its script has no
                handler of that name: then ask again with the same id; what the run answers as error.
        """
        host = await self.durable_host(run)
        await self._judge(host, ("workflow.update", name, run), actor, scope)
        given = tuple(copy_value(value) for value in args)
        doing = host.update(run, name, given, update_id=id, wait_for=wait_for)
        return await _in_time(doing, timeout, f"update {name!r} of {run}", partial(_unhandled, host, run, name))

    async def fork(  # noqa: PLR0913 - what may be other in a fork
        self,
        run: str,
        *,
        since: str = "",
        args: Sequence[Value] | None = None,
        results: Mapping[str, Value] | None = None,
        source: str = "",
        workflow_id: str = "",
        dry_run: bool = False,
    ) -> dict[str, Any]:
        """Start a run that begins with what another one has done, and return its `pid` and `run_id`.

        Args:
            run: the original, which stays as it is.
            since: the step that is done anew, by name or position; all before it is kept. "" is the call that a failed
                run failed over, and for an open run where it stands.
            args: other arguments.
            results: what steps are to have answered, by name or position; a `Failure` is one too.
            source: `registered` for the code registered now, or the hash of a stored source; "" for the original's.
            workflow_id: of the fork, `<id>/fork-n` when none is given.
            dry_run: start nothing; return what it would be, with an empty `run_id`.

        With other arguments or code the answers of the original hold as long as the script asks for the same things;
        `kept` of the result says how many events that were, of `cut`.

        Raises:
            Error: NotFound without such a run, step or source; Invalid or Conflict, saying what cannot be.
        """
        host = await self.durable_host(run)
        options = {"since": since, "args": args, "results": results, "source": source, "workflow_id": workflow_id}
        made: dict[str, Any] = await host.fork(run, options | {"dry_run": dry_run})
        return made

    async def wake(self, run: str, data: Value = None) -> None:
        """Let a durable run go on that has suspended itself; `data` is what its `workflow.suspend` returns.

        Raises:
            Error: kind NotFound without such a run, Conflict when it is not suspended.
        """
        host = await self.durable_host(run)
        await host.wake(run, copy_value(data))

    async def approve(  # noqa: PLR0913 - the parts of an answer
        self,
        run: str,
        name: str,
        data: Value = None,
        *,
        reject: bool = False,
        reason: str = "",
        by: str = "",
        actor: Mapping[str, Value] | None = None,
        scope: Sequence[str] | None = None,
    ) -> dict[str, Any]:
        """Answer an approval that a durable run asks for, or will ask for; see `workflow.approval`.

        `by` says who answers; an `actor` (`{"id": …, "meta": {"roles": […]}}`) does so, and brings its roles. With an
        actor and a `scope` of policies, and always on a strict node, the guard is asked for `workflow.approve`. The
        result says `early` when the run has not asked yet: then the answer is kept for it.

        Raises:
            Error: NotFound without such a run; Conflict when it has ended, the approval is over, or naming who has
                answered before; PermissionDenied for who may not; Invalid for data that do not fit its schema.
        """
        host = await self.durable_host(run)
        await self._judge(host, ("workflow.approve", name, run), actor, scope, strictly=True)
        answer = answer_of(copy_value(data), reject=reject, reason=reason, by=by, actor=actor)
        decided: dict[str, Any] = await host.approve(run, name, answer)
        return decided

    async def _judge(
        self,
        host: Any,
        asked: tuple[str, str, str],
        actor: Mapping[str, Value] | None,
        scope: Sequence[str] | None,
        *,
        strictly: bool = False,
    ) -> None:
        """Do nothing if an action on what has this name may be asked of a run; the application itself may.

        Raises:
            Error: kind PermissionDenied; Invalid, for what is no actor or no scope.
        """
        node: Node = self  # type: ignore[assignment] # see `durable_host`
        action, name, run = asked
        context = context_of(actor, scope)
        if context or strictly:
            judge(node.guard, context, (action, name, {"run": run, **await host.named(run)}), strictly=strictly)

    async def tokens(self, run: str) -> list[dict[str, Any]]:
        """Return every value that each token of a durable run has had, oldest first: key, value, source, step, by, at.

        Raises:
            Error: kind NotFound, without such a run.
        """
        host = await self.durable_host(run)
        found: list[dict[str, Any]] = await host.tokens(run)
        return found

    async def approvals(self, run: str = "", *, only_open: bool = True) -> list[dict[str, Any]]:
        """Return the approvals that durable runs wait for, with `only_open` false also those that are over."""
        node: Node = self  # type: ignore[assignment] # see `durable_host`
        found: dict[tuple[str, str, int, int], dict[str, Any]] = {}
        hosts: list[Any] = [host for host in node.hosts.values() if is_durable(host)]
        for host in [await self.durable_host(run)] if run else hosts:
            for line in await host.approvals(run, only_open=only_open):
                found[line["run_id"], line["name"], line["number"], line["ref"]] = line
        return list(found.values())

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


async def _in_time(
    doing: Awaitable[Any], seconds: float, what: str, why: Callable[[], Awaitable[str]] | None = None
) -> Any:
    try:
        with trio.fail_after(seconds):
            return await doing
    except trio.TooSlowError:
        known = await why() if why is not None else ""
        raise Error(f"{what} timed out after {seconds:g} s{known and f': {known}'}", TIMEOUT) from None


async def _unhandled(host: Any, run: str, name: str) -> str:
    """Return why nobody may have answered an update, as far as that can be found out soon."""
    with trio.move_on_after(_FOUND_OUT), suppress(Error):
        return await host.unhandled(run, name) if isinstance(host, _Telling) else ""
    return ""
