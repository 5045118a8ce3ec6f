"""Forward connections from a host and port to a socket, for a server that listens on no network: `HOST PORT PATH`."""

from __future__ import annotations

import sys
from threading import Event

from tests.chaos.wire import Wire, Wires

if __name__ == "__main__":
    host, port, path = sys.argv[1:]
    Wires([Wire(lambda: path, (host, int(port)))])
    Event().wait()
