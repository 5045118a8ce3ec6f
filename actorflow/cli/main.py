"""`actorflow`: assembles the verbs, and turns what they raise into messages and exit codes.

What a verb needs is imported when it runs, so that help comes at once.
"""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from actorflow.collecting import seldom

if TYPE_CHECKING:
    import typer

_VERBS: Final[dict[str, str | tuple[str, str]]] = {
    "demo": ("actorflow.cli.demo.command:demo", "Run the example application, kill its node, and prove what happened."),
    "up": "actorflow.cli.serve:up",
    "call": "actorflow.cli.work:call",
    "spawn": "actorflow.cli.work:spawn",
    "send": "actorflow.cli.work:send",
    "ps": "actorflow.cli.listing:ps",
    "services": "actorflow.cli.listing:services",
    "metrics": "actorflow.cli.metrics:metrics",
    "nodes": "actorflow.cli.nodes:nodes",
    "runs": "actorflow.cli.listing:runs",
    "approvals": "actorflow.cli.asking:approvals",
    "approve": "actorflow.cli.approve:approve",
    "schedules": "actorflow.cli.schedule:schedules",
    "hooks": "actorflow.cli.hook:hooks",
    "cancel": "actorflow.cli.work:cancel",
    "terminate": "actorflow.cli.work:terminate",
    "exec": "actorflow.cli.exec:execute",
    "test": "actorflow.cli.test:run_tests",
    "verify": "actorflow.cli.verify:verify",
    "check": "actorflow.cli.check:check",
    "backup": ("actorflow.cli.backup:backup", "Copy the stores as they are at this moment, beside a running node."),
    "restore": ("actorflow.cli.backup:restore", "Lay a backup down in an empty data directory, or activate it."),
    "move": ("actorflow.cli.move:move", "Move runs to another database, live."),
    "rotate-keys": ("actorflow.cli.rotate:rotate_keys", "Put what the stores hold under the active key."),
    "doctor": ("actorflow.cli.doctor:doctor", "Verify every run, source and index of the stores, and repair them."),
    "bench": ("actorflow.cli.bench.command:bench", "Measure what this machine does."),
}
"""The verbs in the order of the help, each imported when it is asked for; the help itself does without those that are
costly to import, and has what it says of them here."""
_GROUPS: Final = {
    "run": ("runs", "actorflow.cli.run:app"),
    "service": ("services", "actorflow.cli.service:app"),
    "node": ("nodes", "actorflow.cli.node:app"),
    "cluster": ("nodes", "actorflow.cli.cluster:app"),
    "schedule": ("schedules", "actorflow.cli.schedule:app"),
    "hook": ("hooks", "actorflow.cli.hook:app"),
    "registry": ("check", "actorflow.cli.registry:app"),
    "temporal": ("check", "actorflow.cli.temporal:app"),
}
"""Groups of verbs, each with the verb that it follows in the help."""
_PARSING: Final = {"exec": {"allow_interspersed_args": False, "ignore_unknown_options": True}}
"""What follows the name of a command is the command's own, options too."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given == ["--version"]:  # so that it costs less than to read it from the options
        _print_version()
        sys.exit()
    ended: BaseException | None = None
    try:
        with seldom():
            _assembled(given)(given, prog_name="actorflow")
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - looked at below, where a traceback shows it alone
        ended = error
    if ended is not None:
        from actorflow.cli.failing import end_of  # noqa: PLC0415 - most commands end well

        sys.exit(end_of(ended))


def _assembled(given: Sequence[str]) -> typer.Typer:
    import typer  # noqa: PLC0415 - `--version` does without

    app = typer.Typer(
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        help="Run processes: supervised actors and durable workflows, from the same Lua or Python script.",
    )
    asked = given[0] if given and given[0] in _VERBS | _GROUPS else None  # else all: for the help, or what is meant
    for name, verb in _VERBS.items():
        if asked in {None, name}:
            app.command(name, context_settings=_PARSING.get(name))(_found(verb, asked))
        for group, (before, verbs) in _GROUPS.items():
            if before == name and asked in {None, group}:
                app.add_typer(pkgutil.resolve_name(verbs), name=group)
    app.callback()(_taking_options())
    return app


def _found(verb: str | tuple[str, str], asked: str | None) -> Callable[..., Any]:
    """Return a verb, or what stands in the help for it."""
    if isinstance(verb, str):
        return pkgutil.resolve_name(verb)  # type: ignore[no-any-return]
    place, about = verb
    return pkgutil.resolve_name(place) if asked else _promise(about)


def _promise(about: str) -> Callable[[], None]:
    """Return what stands in the help for a verb that is not imported."""

    def verb() -> None:
        raise AssertionError(about)

    verb.__doc__ = about
    return verb


def _taking_options() -> Callable[..., None]:
    """Return what takes the options of the program itself."""
    import typer  # noqa: PLC0415 - `--version` alone does without

    def printed(asked: bool) -> None:  # noqa: FBT001 - typer hands the option to its callback
        if asked:
            _print_version()
            raise typer.Exit

    def options(
        version: bool = typer.Option(  # noqa: FBT001 - likewise
            False,  # noqa: FBT003
            "--version",
            callback=printed,
            is_eager=True,
            help="Print the version and exit.",
        ),
    ) -> None:
        """Take the options."""

    return options


def _print_version() -> None:
    from importlib.metadata import version as version_of  # noqa: PLC0415

    print(f"actorflow {version_of('actorflow')}")  # noqa: T201 - what was asked for


if __name__ == "__main__":
    main()
