"""`actorflow up`: boot a registry and serve until ^C."""

from __future__ import annotations

import gc
import os
import signal
import stat
import time
from typing import TYPE_CHECKING, Annotated, Final

import typer

from actorflow.cli.failing import INTERRUPTED, Ending
from actorflow.cli.option import Data, Directory, Overrides, Positional, one_directory
from actorflow.cli.place import Place
from actorflow.cli.report import faults, say

if TYPE_CHECKING:
    import trio

    from actorflow.app import Booted

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_STDIN: Final = 0
_SOME: Final = 1 << 12
UntilEof = Annotated[
    bool,
    typer.Option("--until-eof", help="Stop when the standard input ends: with whoever holds its other end."),
]


def up(
    registry: Positional = None,
    directory: Directory = None,
    data: Data = None,
    override: Overrides = None,
    until_eof: UntilEof = False,  # noqa: FBT002 - typer makes flags of booleans
) -> None:
    """Boot the registry in DIR, supervise its services, and serve until ^C."""
    import trio  # noqa: PLC0415 - the other verbs do not need it

    trio.run(_serve, Place.of(one_directory(registry, directory), data, override), until_eof)


async def _serve(place: Place, until_eof: bool) -> None:  # noqa: FBT001 - `trio.run` takes no keywords
    import trio  # noqa: PLC0415

    began, code = time.monotonic(), 0
    async with trio.open_nursery() as nursery:
        scope = await nursery.start(_stop_on_signals)
        if until_eof:
            nursery.start_soon(_stop_with_stdin, scope)
        with scope:
            async with place.booted(supervised=True) as booted:
                gc.collect()
                gc.freeze()  # what a boot leaves stays as long as the node: no collection needs to look at it
                _welcome(place, booted, time.monotonic() - began)
                await booted.node.leaving.wait()  # until a script asks for the end, or a signal cancels the scope
                code = booted.node.exit_code
        nursery.cancel_scope.cancel()
    say("stopped")
    if code:
        raise Ending(code)


async def _stop_on_signals(task_status: trio.TaskStatus[trio.CancelScope]) -> None:
    """Give the scope that the first signal cancels; the second ends the process at once."""
    import trio  # noqa: PLC0415

    scope = trio.CancelScope()
    with trio.open_signal_receiver(*_SIGNALS) as signals:
        task_status.started(scope)
        async for number in signals:
            if scope.cancel_called:
                say("stopped at once")
                os._exit(INTERRUPTED)
            say(f"{signal.Signals(number).name}: draining and stopping; once more stops at once")
            scope.cancel()


async def _stop_with_stdin(scope: trio.CancelScope) -> None:
    """Stop in order when nobody has the other end of the standard input any more, however that came about."""
    import trio  # noqa: PLC0415

    while await trio.to_thread.run_sync(os.read, _STDIN, _SOME, abandon_on_cancel=True):
        pass
    null = os.open(os.devnull, os.O_WRONLY)
    for output in (1, 2):  # whoever has read it is gone, too: writing there would fail
        if stat.S_ISFIFO(os.fstat(output).st_mode):
            os.dup2(null, output)
    os.close(null)
    say("the standard input has ended: draining and stopping")
    scope.cancel()


def _welcome(place: Place, booted: Booted, seconds: float) -> None:
    from actorflow.app import uncompiled  # noqa: PLC0415

    broken = faults(booted.registry.snapshot)
    for entry_id, error in uncompiled(booted):
        broken.add(entry_id)
        typer.echo(f"fault: {error.message if entry_id in error.message else f'{entry_id}: {error.message}'}", err=True)
    for service_id in booted.starting:
        say(f"service {service_id} is not up yet; it goes on in the background")
    count = f"{len(booted.registry)} entries" + (f", {len(broken)} broken: see `actorflow check`" if broken else "")
    say(f"registry {place.directory}: {count}; data directory {place.data}")
    say(f"ready after {seconds:.1f} s; ^C stops")
