"""`actorflow exec`: run a registered terminal command, an entry with `meta.command`."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from actorflow import errors
from actorflow.cli.failing import FAILED, INTERRUPTED, OK, Ending, complain
from actorflow.cli.option import AsJson, Data, Directory, Overrides
from actorflow.cli.output import print_json
from actorflow.cli.place import Place
from actorflow.cli.report import say
from actorflow.errors import Error, not_found
from actorflow.node.suggest import did_you_mean

if TYPE_CHECKING:
    import trio

    from actorflow.app import Booted
    from actorflow.node.node import Node
    from actorflow.registry.registry import Entry, Registry

_HOST: Final = "terminal.host"
_OWN_HOST: Final = "#terminal"
"""The id of the host of commands in a registry that has none."""
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_LARGEST_CODE: Final = 255


def execute(  # noqa: PLR0913, PLR0917 - the options of the verb
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="The command; without it: a list.")] = None,
    args: Annotated[list[str] | None, typer.Argument(metavar="ARGS", help="What the command gets.")] = None,
    host: Annotated[str, typer.Option("--host", help="Registry id of the terminal.host.", show_default=False)] = "",
    as_json: AsJson = False,  # noqa: FBT002
    directory: Directory = None,
    data: Data = None,
    override: Overrides = None,
) -> None:
    """Run a terminal command of the registry: its process gets the terminal, its result is the exit code."""
    import trio  # noqa: PLC0415 - the other verbs do not need it

    place = Place.of(directory, data, override)
    if name is None:
        _list(place, as_json=as_json)
        return
    code = trio.run(_run, place, name, tuple(args or ()), host)
    if code:
        raise Ending(code)


def commands(registry: Registry) -> dict[str, Entry]:
    """Return the entries that are commands, by the name of the command; the first id of two with one name."""
    found: dict[str, Entry] = {}
    for entry in registry:
        if entry.about.command is not None and entry.kind.partition(".")[0] in {"process", "workflow"}:
            found.setdefault(entry.about.command.name, entry)
    return dict(sorted(found.items()))


def _list(place: Place, *, as_json: bool) -> None:
    from actorflow.app import read_registry  # noqa: PLC0415

    known = commands(read_registry(place.directory, place.overrides))
    if as_json:
        print_json([{"name": name, "short": _short(entry), "entry": entry.id} for name, entry in known.items()])
        return
    if not known:
        typer.echo("no commands: expected processes with `meta: {command: {name: …, short: …}}`", err=True)
    width = max(map(len, known), default=0)
    for name, entry in known.items():
        typer.echo(f"{name:{width}}  {_short(entry) or entry.id}".rstrip())


def _short(entry: Entry) -> str:
    return entry.about.command.short if entry.about.command is not None else ""


def _found(registry: Registry, name: str) -> Entry:
    known = commands(registry)
    if name in known:
        return known[name]
    if name in registry:
        return registry.entry(name)
    there = f"; there are: {', '.join(known)}" if known else "; this registry has none"
    raise not_found(f"no command {name!r}{did_you_mean(name, known)}{there}")


@dataclass
class _Session:
    """One command that runs, and how often it was asked to stop."""

    node: Node
    pid: str
    asked: int = 0

    async def stop_on_signals(self, task_status: trio.TaskStatus[None]) -> None:
        """Cancel the process at the first signal, terminate it at the second, end everything at the third."""
        import trio  # noqa: PLC0415

        with trio.open_signal_receiver(*_SIGNALS) as signals:
            task_status.started()
            async for number in signals:
                self.asked += 1
                if self.asked > len(_SIGNALS):
                    os._exit(INTERRUPTED)
                await self._stop(signal.Signals(number).name)

    async def _stop(self, reason: str) -> None:
        try:
            await (self.node.cancel(self.pid, reason) if self.asked == 1 else self.node.terminate(self.pid))
        except Error as error:
            if error.kind not in {errors.NOT_FOUND, errors.INTERNAL}:  # it has ended meanwhile
                raise


async def _run(place: Place, name: str, args: tuple[str, ...], host: str) -> int:
    import trio  # noqa: PLC0415

    async with place.booted() as booted, trio.open_nursery() as nursery:
        entry = _found(booted.registry.snapshot, name)
        entry.require()
        terminal = await _terminal(booted, entry, host)
        booted.node.hosts[terminal].terminal.args = args  # type: ignore[attr-defined]  # of the kind only
        session = _Session(booted.node, await booted.node.spawn(entry.id, host=terminal))
        await nursery.start(session.stop_on_signals)
        code = await _ended(session)
        nursery.cancel_scope.cancel()
    return code


async def _terminal(booted: Booted, entry: Entry, wanted: str) -> str:
    """Return the id of the terminal host of a command, which runs then: the first one, of its own namespace first."""
    registry, node = booted.registry, booted.node
    from actorflow.registry.kind import installed_kinds  # noqa: PLC0415 - loads what checks the kinds' fields

    own = entry.about.default_host or ""
    hosts = sorted((host.namespace != entry.namespace, host.id) for host in registry.find(_HOST))
    known = [host_id for _, host_id in hosts]
    chosen = wanted or (own if own in known else "") or next(iter(known), _OWN_HOST)
    if chosen == _OWN_HOST:
        kinds, _ = installed_kinds()
        await node.start_host(kinds[_HOST].load_factory()(chosen, {}, node))
    elif chosen not in node.hosts:
        found = registry.entry(chosen)
        found.require()
        if found.kind != _HOST or found.declaration is None:
            raise errors.invalid(f"{chosen} is a {found.kind}, expected a {_HOST}")
        await node.start_host(found.declaration.load_factory()(chosen, found.config, node))
    if not hasattr(node.hosts[chosen], "terminal"):
        raise errors.invalid(f"{chosen} is a {registry.entry(chosen).kind}, expected a {_HOST}")
    return chosen


async def _ended(session: _Session) -> int:
    """Wait for the end of a command, or until a script asks for that of the node, and return the exit code."""
    import trio  # noqa: PLC0415

    code = OK
    async with trio.open_nursery() as nursery:

        async def leave() -> None:
            nonlocal code
            await session.node.leaving.wait()
            code = session.node.exit_code
            nursery.cancel_scope.cancel()

        nursery.start_soon(leave)
        try:
            code = exit_code(await session.node.wait(session.pid))
        except Error as error:
            code = INTERRUPTED if session.asked else FAILED
            if not session.asked:
                complain(error.failure)
        nursery.cancel_scope.cancel()
    return code


def exit_code(result: Any) -> int:
    """Return the exit code that a result means: a number is one, `false` is a failure, everything else success."""
    if isinstance(result, bool):
        return OK if result else FAILED
    if not isinstance(result, int):
        return OK
    if not 0 <= result <= _LARGEST_CODE:
        say(f"the command returned {result}, expected an exit code from 0 to {_LARGEST_CODE}")
        return FAILED
    return result
