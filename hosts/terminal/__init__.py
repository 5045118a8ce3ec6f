"""Hosts whose processes have the terminal that the node was started from."""

from hosts.terminal.host import TerminalHost

__all__ = ["TerminalHost"]
