"""What a node that was booted by a command says while it works: one plain line each, on stderr."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

from actorflow.cli.output import cell
from actorflow.supervision.state import State

if TYPE_CHECKING:
    from actorflow.notice import Notice
    from actorflow.registry.registry import Registry
    from actorflow.supervision.state import Service


def say(text: str) -> None:
    """Print a line with the local time."""
    typer.echo(f"{datetime.now().astimezone():%H:%M:%S} {text}", err=True)


def note(notice: Notice) -> None:
    """Print a notice."""
    say(f"notice {notice}")


def log_line(level: str, text: str, fields: Mapping[str, Any]) -> None:
    """Print a script's log line."""
    more = " ".join(f"{name}={cell(name, value, short=True)}" for name, value in fields.items())
    say(f"{level} {text} {more}".rstrip())


def service_changed(before: Service, after: Service) -> None:
    """Print a change of a service's state, with the cause where it is news."""
    failure = None if after.state in {State.STARTING, State.RUNNING} else after.failure
    because = f": {failure.message}" if failure is not None else ""
    say(f"service {after.spec.id} {before.state} → {after.state}{because}")


def faults(registry: Registry) -> set[str]:
    """Print the faults of single entries and what is only worth knowing; returns the ids of the broken ones."""
    broken = set()
    for fault in registry.faults:
        if fault.scope != "notice":
            broken.add(fault.entry)
        typer.echo(f"{'notice' if fault.scope == 'notice' else 'fault'}: {fault}", err=True)
    return broken
