"""`terminal.host`: where terminal commands run, entries with `meta.command`."""

from __future__ import annotations

from actorflow.registry.kind import Kind
from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.lifecycle import Lifecycle
from actorflow.registry.kinds.limits import Limits


class TerminalHost(Config):
    """A host whose processes have the terminal of the node; `hide_logs`: nothing is logged while it runs."""

    hide_logs: bool = False
    limits: Limits = Limits()
    lifecycle: Lifecycle = Lifecycle()


KIND = Kind("terminal.host", TerminalHost, factory="hosts.terminal:TerminalHost")
