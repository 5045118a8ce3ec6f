"""`actorflow up`, with a wall clock that is set from outside, and with other ways to the other nodes.

CHAOS_CLOCK names a file with eight bytes: nanoseconds that are added to the time of the machine. CHAOS_ROUTES is a map as JSON,
from addresses of other nodes to those that are dialled in their place.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
import time
from pathlib import Path


def _set_clock(file: Path) -> None:
    with file.open("rb") as opened:
        shared = mmap.mmap(opened.fileno(), 8, prot=mmap.PROT_READ)
    real = time.time_ns

    def time_ns() -> int:
        return real() + int(struct.unpack("q", shared[:8])[0])

    time.time_ns = time_ns
    time.time = lambda: time_ns() / 1e9


def _set_routes(routes: dict[str, str]) -> None:
    from actorflow.mesh.nng import NngTransport  # noqa: PLC0415 - the clock is set before anything is imported

    told = NngTransport._url  # noqa: SLF001 - the one place where an address becomes a connection

    def url(self: NngTransport, address: str) -> str:
        return told(self, routes.get(address, address))

    NngTransport._url = url  # type: ignore[method-assign] # noqa: SLF001


def _main() -> None:
    _set_clock(Path(os.environ["CHAOS_CLOCK"]))
    _set_routes(json.loads(os.environ.get("CHAOS_ROUTES", "{}")))
    from actorflow.cli.main import main  # noqa: PLC0415 - as above

    main()


if __name__ == "__main__":
    _main()
