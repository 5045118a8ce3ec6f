"""`actorflow`: assembles the verbs, and turns what they raise into messages and exit codes.

What a verb needs is imported when it runs, so that help comes at once.
"""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

import typer

from actorflow.cli import (
    approve,
    asking,
    check,
    cluster,
    exec,  # noqa: A004 - the name of the verb
    hook,
    listing,
    metrics,
    node,
    nodes,
    registry,
    run,
    schedule,
    serve,
    service,
    temporal,
    test,
    verify,
    work,
)
from actorflow.cli.failing import end_of

_VERBS: Final[dict[str, Callable[..., Any] | tuple[str, str]]] = {
    "demo": ("actorflow.cli.demo.command:demo", "Run the example application, kill its node, and prove what happened."),
    "up": serve.up,
    "call": work.call,
    "spawn": work.spawn,
    "send": work.send,
    "ps": listing.ps,
    "services": listing.services,
    "metrics": metrics.metrics,
    "nodes": nodes.nodes,
    "runs": listing.runs,
    "approvals": asking.approvals,
    "approve": approve.approve,
    "schedules": schedule.schedules,
    "hooks": hook.hooks,
    "cancel": work.cancel,
    "terminate": work.terminate,
    "exec": exec.execute,
    "test": test.run_tests,
    "verify": verify.verify,
    "check": check.check,
    "backup": ("actorflow.cli.backup:backup", "Copy the stores as they are at this moment, beside a running node."),
    "restore": ("actorflow.cli.backup:restore", "Lay a backup down in an empty data directory, or activate it."),
    "move": ("actorflow.cli.move:move", "Move runs to another database, live."),
    "rotate-keys": ("actorflow.cli.rotate:rotate_keys", "Put what the stores hold under the active key."),
    "doctor": ("actorflow.cli.doctor:doctor", "Verify every run, source and index of the stores, and repair them."),
    "bench": ("actorflow.cli.bench.command:bench", "Measure what this machine does."),
}
"""The verbs in the order of the help; those given by name are costly to import, and are when they are asked for."""
_GROUPS: Final = {
    "run": ("runs", run.app),
    "service": ("services", service.app),
    "node": ("nodes", node.app),
    "cluster": ("nodes", cluster.app),
    "schedule": ("schedules", schedule.app),
    "hook": ("hooks", hook.app),
    "registry": ("check", registry.app),
    "temporal": ("check", temporal.app),
}
"""Groups of verbs, each with the verb that it follows in the help."""
_PARSING: Final = {"exec": {"allow_interspersed_args": False, "ignore_unknown_options": True}}
"""What follows the name of a command is the command's own, options too."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    ended: BaseException | None = None
    try:
        _assembled(given)(given, prog_name="actorflow")
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - looked at below, where a traceback shows it alone
        ended = error
    if ended is not None:
        sys.exit(end_of(ended))


def _assembled(given: Sequence[str]) -> typer.Typer:
    app = typer.Typer(
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        help="Run processes: supervised actors and durable workflows, from the same Lua or Python script.",
    )
    asked = given[0] if given and given[0] in _VERBS | _GROUPS else None  # else all: for the help, or what is meant
    for name, verb in _VERBS.items():
        if asked in {None, name}:
            if isinstance(verb, tuple):
                place, about = verb
                verb = pkgutil.resolve_name(place) if asked else _promise(about)  # noqa: PLW2901
            app.command(name, context_settings=_PARSING.get(name))(verb)
        for group, (before, verbs) in _GROUPS.items():
            if before == name and asked in {None, group}:
                app.add_typer(verbs, name=group)
    app.callback()(_options)
    return app


def _promise(about: str) -> Callable[[], None]:
    """Return what stands in the help for a verb that is not imported."""

    def verb() -> None:
        raise AssertionError(about)

    verb.__doc__ = about
    return verb


def _options(
    version: bool = typer.Option(  # noqa: FBT001 - typer hands the option to its callback
        False,  # noqa: FBT003
        "--version",
        callback=lambda asked: _print_version() if asked else None,
        is_eager=True,
        help="Print the version and exit.",
    ),
) -> None:
    """Take the options of the program itself."""


def _print_version() -> None:
    from importlib.metadata import version as version_of  # noqa: PLC0415

    typer.echo(f"actorflow {version_of('actorflow')}")
    raise typer.Exit


if __name__ == "__main__":
    main()
