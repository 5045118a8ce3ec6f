"""The verbs about runs for hosts that keep them elsewhere: not in a store of this node, but on a cluster.

What is asked of a run of such a host, its host answers; everything else is answered as before.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

import trio

from actorflow.errors import INVALID, NOT_FOUND, TIMEOUT, Error, invalid
from actorflow.names import is_pid, parse_pid
from actorflow.node import control_args as args_of
from actorflow.node.control import Verb
from actorflow.value import Value

if TYPE_CHECKING:
    from actorflow.node.node import Node

_OF_A_STORE: Final = ("run.tokens", "run.capsule", "run.export", "run.repin", "run.accept", "run.resolve")
"""Verbs about what only a store of ours keeps: a journal, values of tokens, sources to pin to."""
_READERS: Final = "what reads a journal (run export, timeline, debug, show --at)"
_FILTERS: Final = ("host", "state", "entry", "prefix")
_MOST: Final = 20_000
_DEFAULT: Final = 100


@runtime_checkable
class Remote(Protocol):
    """A durable host whose runs are kept elsewhere; each method says of a run what the stores say of theirs."""

    @property
    def id(self) -> str:
        """Registry id of the host."""
        ...

    async def has(self, reference: str) -> bool:
        """Tell whether a run is this host's, by a PID or a workflow id."""
        ...

    async def listed(self, which: Mapping[str, str], limit: int) -> list[dict[str, Any]]:
        """Return the newest runs that match, as `actorflow runs` lists them."""
        ...

    async def shown(self, reference: str) -> dict[str, Any]:
        """Return a run as `actorflow run show` does."""
        ...

    async def explained(self, reference: str) -> dict[str, Any]:
        """Return why a run is where it is."""
        ...

    async def history(self, reference: str, after: int, limit: int) -> list[dict[str, Any]]:
        """Return the events of its history after a position."""
        ...

    async def called(self, reference: str, limit: int) -> list[dict[str, Any]]:
        """Return its newest calls."""
        ...

    async def chain(self, reference: str, after: int) -> list[dict[str, Any]]:
        """Return the runs of its chain."""
        ...

    async def reached(self, reference: str, until: str) -> Value:
        """Return a run once it is or was in a state."""
        ...

    async def changed(self, verb: str, reference: str, reason: str) -> dict[str, Any]:
        """Do a verb of an operator; raises Invalid for one that there is not for these runs."""
        ...


def remote_verbs(node: Node, verbs: Mapping[str, Verb]) -> dict[str, Verb]:
    """Return the verbs with those about runs also for runs that hosts of this node keep elsewhere."""
    wrapped = {name: _about_one(node, verbs[name], answer) for name, answer in _ONE.items() if name in verbs}
    wrapped |= {name: _about_one(node, verbs[name], _refusing(name)) for name in _OF_A_STORE if name in verbs}
    return {**verbs, **wrapped, "runs": _runs(node, verbs["runs"])}


def _runs(node: Node, stored: Verb) -> Verb:
    async def runs(args: Mapping[str, Value]) -> Value:
        lines: Any = await stored(args)
        which = {name: args_of.text(args, name, "") for name in _FILTERS}
        limit = min(args_of.count(args, "limit", _DEFAULT), _MOST)
        if args_of.text(args, "view", "") or args.get("attributes"):
            return lines
        for host in _remotes(node):
            if which["host"] in {"", host.id}:
                lines = [*lines, *await host.listed(which, limit)]
        lines.sort(key=lambda line: line["created"], reverse=True)
        return lines[:limit]

    return runs


def _about_one(node: Node, stored: Verb, remote: Callable[[Any, str, Mapping[str, Value]], Awaitable[Any]]) -> Verb:
    async def verb(args: Mapping[str, Value]) -> Value:
        reference = args_of.text(args, "run")
        host = _named(node, reference)
        if host is not None:
            return await remote(host, reference, args)
        try:
            return await stored(args)
        except Error as error:
            if error.kind not in {NOT_FOUND, INVALID} or is_pid(reference):
                raise
            host = await _found(node, reference)
            if host is None:
                raise
        return await remote(host, reference, args)

    return verb


def _remotes(node: Node) -> list[Any]:
    return [host for host in list(node.hosts.values()) if isinstance(host, Remote)]


def _named(node: Node, reference: str) -> Any:
    """Return the host that a PID names, if it keeps its runs elsewhere."""
    host = node.hosts.get(parse_pid(reference).host) if is_pid(reference) else None
    return host if isinstance(host, Remote) else None


async def _found(node: Node, reference: str) -> Any:
    for host in _remotes(node):
        if await host.has(reference):
            return host
    return None


async def _show(host: Remote, reference: str, _args: Mapping[str, Value]) -> Any:
    return await host.shown(reference)


async def _why(host: Remote, reference: str, _args: Mapping[str, Value]) -> Any:
    return await host.explained(reference)


async def _history(host: Remote, reference: str, args: Mapping[str, Value]) -> Any:
    return await host.history(reference, args_of.count(args, "after", 0, least=0), args_of.count(args, "limit", 1000))


async def _calls(host: Remote, reference: str, args: Mapping[str, Value]) -> Any:
    return await host.called(reference, args_of.count(args, "limit", _DEFAULT))


async def _chain(host: Remote, reference: str, args: Mapping[str, Value]) -> Any:
    return await host.chain(reference, args_of.count(args, "after", 0, least=0))


async def _change(host: Remote, reference: str, args: Mapping[str, Value]) -> Any:
    return await host.changed(args_of.text(args, "verb"), reference, args_of.text(args, "reason", ""))


async def _wait(host: Remote, reference: str, args: Mapping[str, Value]) -> Any:
    until, seconds = args_of.text(args, "until"), args_of.seconds(args)
    with trio.move_on_after(seconds):
        return await host.reached(reference, until)
    raise Error(f"run {reference!r} was not {until} within {seconds:g} s", TIMEOUT, retryable=True)


def _refusing(verb: str) -> Callable[[Remote, str, Mapping[str, Value]], Awaitable[Any]]:
    """Return what answers a verb that there is not for runs that no store of ours has."""

    async def refuse(host: Remote, reference: str, _args: Mapping[str, Value]) -> Any:
        what = _READERS if verb == "run.capsule" else f"run {verb.removeprefix('run.')}"
        raise invalid(
            f"{reference} is kept by the cluster of {host.id}, and {what} is about runs in a store of ours; "
            "`actorflow run history` shows the history that the cluster has"
        )

    return refuse


_ONE: Final[Mapping[str, Callable[[Any, str, Mapping[str, Value]], Awaitable[Any]]]] = {
    "run.show": _show,
    "run.why": _why,
    "run.history": _history,
    "run.calls": _calls,
    "run.change": _change,
    "run.chain": _chain,
    "run.wait": _wait,
}
