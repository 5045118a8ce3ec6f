"""The terminal host: a process host whose processes, and what they call and spawn, have the node's terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from actorflow.ports import Program, SpawnRequest
from actorflow.resource.terminal import TERMINAL, Terminal
from actorflow.value import Value
from hosts.process import ProcessHost

if TYPE_CHECKING:
    from actorflow.node.node import Node


class TerminalHost(ProcessHost):
    """A host of ephemeral processes with a terminal.

    Attributes:
        terminal: standard input, output and error of the node, and the arguments of its command.
    """

    def __init__(self, id: str, config: Any, node: Node) -> None:  # noqa: A002 - the signature of every host
        """Make a host that does not run yet; with `hide_logs` nothing is logged while it runs."""
        super().__init__(id, config, node)
        self.terminal = Terminal()
        self._hides_logs = bool(getattr(config, "hide_logs", False))
        self._log = node.log

    async def start(self) -> None:
        """Begin to serve."""
        if self._hides_logs:
            self.node.log = _hidden
        await super().start()

    async def stop(self, grace: float) -> None:
        """Ask every process to stop, and give the log back."""
        try:
            await super().stop(grace)
        finally:
            self.node.log = self._log

    def launch(self, program: Program, request: SpawnRequest, pid: str) -> str:
        """Start a process that has the terminal."""
        return super().launch(program, replace(request, context={**request.context, TERMINAL: self.id}), pid)


def _hidden(_level: str, _text: str, _fields: Mapping[str, Value]) -> None:
    """Log nothing."""
