"""`make chaos MINUTES= SEED=`: break nodes, their database and what joins them for minutes under load; then all laws hold.

What is broken, and when, is drawn from the seed (`fault`): nodes are killed, and stopped and continued as zombies; their
wall clocks jump; the database crashes and is restarted; the network is cut in every shape, slowed, and torn. Clients ask until
they are acknowledged (`load`). Then everything is mended but the clocks, and every run has to end, however long that takes, as long
as anything moves. The verdict is about the laws alone (`judge`), never about how fast anything was. Exit code 1 when one is
broken.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any, Final

from actorflow.errors import Error
from actorflow.run.state import TERMINAL
from actorflow.store.port import RunFilter
from tests.chaos.asked import Asked
from tests.chaos.database import KINDS, Database
from tests.chaos.fault import Faults
from tests.chaos.judge import LAWS, MOST, judged, store_of, told
from tests.chaos.load import Client, until_one
from tests.chaos.namespaces import Namespaces, lack
from tests.chaos.network import Network, Proxies
from tests.chaos.node import Node, nodes, until

UNAVAILABLE: Final = 6
"""The exit code of what cannot be tried here."""
_CLIENTS: Final = 6
_SAID: Final = 4000
"""Characters of what each node said last that are shown when a law is broken."""
_BOOT: Final = 600.0
"""Seconds in which all nodes have to serve."""
_STILL: Final = 300.0
"""Seconds in which nothing at all ends, after which runs are stuck."""
_ASKING: Final = 1800.0
"""Seconds in which clients have to be answered once nothing is broken any more."""
_LOOK: Final = 1.0
_SCHEDULE: Final = "app:ticks"


def main() -> int:
    """Run it as the arguments say, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="Break a cluster for minutes.")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--store", choices=list(KINDS), default="postgres")
    parser.add_argument(
        "--keep", type=Path, default=None, help="a new directory for what nodes say; else a temporary one"
    )
    parser.add_argument(
        "--namespaces", action="store_true", help="nodes in network namespaces; needs root and iproute2"
    )
    given = parser.parse_args()
    if given.namespaces and (reason := lack()):
        sys.stderr.write(f"{reason}\n")
        return UNAVAILABLE
    seed = random.SystemRandom().randrange(2**32) if given.seed is None else given.seed
    sys.stderr.write(f"chaos: seed {seed}, {given.minutes} min, {given.nodes} nodes, {given.store}\n")
    folder = given.keep or Path(tempfile.mkdtemp(prefix="actorflow-chaos-"))
    found = _chaos(folder, given.minutes * 60, Random(seed), given)
    wrong = told(found, sys.stderr.write)
    sys.stdout.write(json.dumps({"seed": seed, "store": given.store, **_counted(found)}, indent=2) + "\n")
    if wrong:
        for log in sorted(folder.glob("*.log")):
            sys.stderr.write(f"---- {log}\n{log.read_text(errors='replace')[-_SAID:]}\n")
    elif given.keep is None:
        shutil.rmtree(folder, ignore_errors=True)
    return int(wrong)


def _counted(found: dict[str, Any]) -> dict[str, Any]:
    return {name: len(value) if name in LAWS else value for name, value in found.items()}


def _chaos(folder: Path, seconds: float, drawn: Random, given: argparse.Namespace) -> dict[str, Any]:
    database = KINDS[given.store]()
    try:
        names = [f"node-{number}" for number in range(1, given.nodes + 1)]
        network = Namespaces(names, database.socket()) if given.namespaces else Proxies(names, database.socket)
        try:
            return _broken(folder, seconds, drawn, database, network)
        finally:
            network.close()
    finally:
        database.close()


def _broken(folder: Path, seconds: float, drawn: Random, database: Database, network: Network) -> dict[str, Any]:
    asked, cluster = Asked(), nodes(network.nodes, folder, database, network)
    clients = [Client(number, cluster, asked, drawn.randrange(2**32)) for number in range(1, _CLIENTS + 1)]
    faults = Faults(cluster, database, network, drawn)
    try:
        _boot(cluster)
        for client in clients:
            client.thread.start()
        faults.go_on(seconds)
        faults.mend_all()
        for client in clients:
            client.stop.set()
        found = _rest(cluster, clients, database)
        fell = sum((node.fell for node in cluster), Counter[int]())
        found |= {"done": dict(faults.done), "ended by themselves": dict(fell)}
        found |= judged(database.url, asked, folder / "effects")
        found["stuck"] += [client.unanswered for client in clients if client.unanswered]
        found["stuck"] += [] if asked.runs else ["nothing was ever asked"]
        return found
    finally:
        for client in clients:
            client.gives_up.set()
        for node in cluster:
            node.end(signal.SIGKILL)


def _boot(cluster: list[Node]) -> None:
    for node in cluster:
        node.start()
    if not until(lambda: all(node.serves() for node in cluster), _BOOT):
        said = "\n".join(f"---- {node.name}\n{node.said()}" for node in cluster)
        raise Error(f"the nodes do not serve after {_BOOT:.0f} s\n{said}", "Unavailable")


# ---- until it is quiet ---------------------------------------------------------------------------------------------


def _rest(cluster: list[Node], clients: list[Client], database: Database) -> dict[str, Any]:
    """Let everything come to its end, and stop the nodes; again when one that was stopped has left something open."""
    began, apart = time.monotonic(), []
    while True:
        is_quiet = _quiet(cluster, clients, database)
        apart += _apart(cluster)
        codes = [node.end(signal.SIGTERM) for node in cluster]
        ended, there = _ended(database) or (-1, 0)
        if not is_quiet or ended == there:
            return {"rest": round(time.monotonic() - began, 1), "apart": apart, "codes": codes}


def _quiet(cluster: list[Node], clients: list[Client], database: Database) -> bool:
    """Let the clients end what they have begun, and wait until all runs have ended; False when nothing moves any more."""
    began = moved = time.monotonic()
    last, paused = (-1, 0), False
    while time.monotonic() < moved + _STILL:
        for node in cluster:
            node.start()
        if time.monotonic() > began + _ASKING:  # the schedule moves on, so that nothing else would ever end this
            for client in clients:
                client.gives_up.set()
        if not paused and not any(client.thread.is_alive() for client in clients):
            paused = until_one(cluster, lambda node: node.client.request("schedule.pause", {"id": _SCHEDULE}), _STILL)
        now = _ended(database) or last
        if now != last:
            last, moved = now, time.monotonic()
        elif paused and now[0] == now[1]:
            return True
        time.sleep(_LOOK)
    return False


def _ended(database: Database) -> tuple[int, int] | None:
    """Return how many runs have ended, and how many there are; None while the database recovers."""
    try:
        with closing(store_of(database.url)) as store:
            rows = store.runs(RunFilter(), MOST)
    except Error:
        return None
    return sum(row.state in TERMINAL for row in rows), len(rows)


def _apart(cluster: list[Node]) -> list[str]:
    """Return the nodes that do not see all others, now that nothing keeps them apart."""
    whole = ["self", *["up"] * (len(cluster) - 1)]
    until(lambda: all(node.sees() == whole for node in cluster), _STILL)
    return [f"{node.name} sees {node.sees()}" for node in cluster if node.sees() != whole]


sys.exit(main())
