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
    asking,
    check,
    exec,  # noqa: A004 - the name of the verb
    hook,
    listing,
    metrics,
    registry,
    run,
    schedule,
    serve,
    service,
    test,
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
    "runs": listing.runs,
    "approvals": asking.approvals,
    "approve": asking.approve,
    "schedules": schedule.schedules,
    "hooks": hook.hooks,
    "cancel": work.cancel,
    "terminate": work.terminate,
    "exec": exec.execute,
    "test": test.run_tests,
    "check": check.check,
    "backup": ("actorflow.cli.backup:backup", "Copy the stores as they are at this moment, beside a running node."),
    "restore": ("actorflow.cli.backup:restore", "Lay a backup down in an empty data directory, or activate it."),
    "rotate-keys": ("actorflow.cli.rotate:rotate_keys", "Put what the stores hold under the active key."),
    "doctor": ("actorflow.cli.doctor:doctor", "Verify every run, source and index of the stores, and repair them."),
    "bench": ("actorflow.cli.bench.command:bench", "Measure what this machine does."),
}
"""The verbs in the order of the help; those given by name are costly to import, and are when they are asked for."""
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
    for name, verb in _VERBS.items():
        if isinstance(verb, tuple):
            place, about = verb
            verb = pkgutil.resolve_name(place) if name in given else _promise(about)  # noqa: PLW2901
        app.command(name, context_settings=_PARSING.get(name))(verb)
        if name == "runs":
            app.add_typer(run.app, name="run")
        if name == "services":
            app.add_typer(service.app, name="service")
        if name == "schedules":
            app.add_typer(schedule.app, name="schedule")
        if name == "hooks":
            app.add_typer(hook.app, name="hook")
        if name == "check":
            app.add_typer(registry.app, name="registry")
    app.callback()(_options)
    return app


def _promise(about: str) -> Callable[[], None]:
    """Return what stands in the help for a verb that is not imported."""

    def verb() -> None:
        raise AssertionError(about)

    verb.__doc__ = about
    return verb


def _options(
    version: bool = typer.Option(False, "--version", help="Print the version and exit."),  # noqa: FBT001, FBT003
) -> None:
    if version:
        from importlib.metadata import version as version_of  # noqa: PLC0415

        typer.echo(f"actorflow {version_of('actorflow')}")
        raise typer.Exit


if __name__ == "__main__":
    main()
