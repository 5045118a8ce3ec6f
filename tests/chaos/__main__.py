"""`make chaos MINUTES= SEED=`: break nodes and their database for minutes under load, then see that every law holds.

Nodes are killed and started again, stopped and continued (a zombie that goes on as if no time had passed), and the
database crashes and is restarted, at times drawn from the seed. Clients ask until they are acknowledged. When it is quiet
again every run has to end, with the right result and each effect once; the laws of `actorflow.testing.invariant` hold, and nothing is
wrong with the database. Exit code 1 when anything is lost, there twice, or stuck.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any, Final

from actorflow.codec import decode
from actorflow.run.state import COMPLETED, TERMINAL
from actorflow.store.crash import CrashPoint
from actorflow.store.examine import examine
from actorflow.store.port import RunFilter
from actorflow.store.server import ServerStore
from actorflow.testing.invariant import Ledger, violations
from tests.chaos.load import Asked, Client
from tests.chaos.world import Database, Node, nodes

_CLIENTS: Final = 3
_REST: Final = 180.0
"""Seconds in which all runs have to end once it is quiet."""
_PAUSE: Final = (0.5, 4.0)
_MOST: Final = 2**62


def main() -> int:
    """Run it as the arguments say, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="Break a cluster for minutes.")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--nodes", type=int, default=3)
    given = parser.parse_args()
    seed = random.SystemRandom().randrange(2**32) if given.seed is None else given.seed
    sys.stderr.write(f"chaos: seed {seed}, {given.minutes} min, {given.nodes} nodes\n")
    with tempfile.TemporaryDirectory(prefix="actorflow-chaos-") as folder:
        found = _chaos(Path(folder), given.minutes * 60, Random(seed), given.nodes)
    sys.stdout.write(json.dumps({"seed": seed, **found}, indent=2) + "\n")
    return 1 if any(found[name] for name in ("lost", "duplicated", "stuck", "faults")) else 0


def _chaos(folder: Path, seconds: float, drawn: Random, count: int) -> dict[str, Any]:
    database, asked = Database(), Asked()
    cluster = nodes(count, folder, database.url)
    clients = [Client(number, cluster, asked, drawn.randrange(2**32)) for number in range(1, _CLIENTS + 1)]
    try:
        for node in cluster:
            node.start()
        _until(lambda: all(_answers(node) for node in cluster), _REST)
        for client in clients:
            client.thread.start()
        done = _break(cluster, database, drawn, time.monotonic() + seconds)
        for client in clients:
            client.stop.set()
        done["rest"] = _rest(cluster, clients, database, asked)
        codes = [node.end(signal.SIGTERM) for node in cluster]
        return {**done, **_judged(database, asked, folder / "effects"), "codes": codes}
    except BaseException:
        for node in cluster:
            sys.stderr.write(f"---- {node.name}\n{node.said()}\n")
        raise
    finally:
        for client in clients:
            client.gives_up.set()
        for node in cluster:
            if node.runs:
                node.end(signal.SIGKILL)
        database.close()


def _answers(node: Node) -> bool:
    try:
        return all(line["state"] == "running" for line in node.client.services())
    except Exception:  # noqa: BLE001 - it is not there yet
        return False


def _until(condition: Callable[[], bool], seconds: float) -> float:
    """Wait until something is so, and return how many seconds that took; at most so many."""
    began = time.monotonic()
    while time.monotonic() < began + seconds and not condition():
        time.sleep(0.1)
    return round(time.monotonic() - began, 1)


def _break(cluster: list[Node], database: Database, drawn: Random, end: float) -> dict[str, Any]:
    """Break something every few seconds, and mend what was broken before."""
    done: Counter[str] = Counter()
    while time.monotonic() < end:
        time.sleep(drawn.uniform(*_PAUSE))
        for node in cluster:
            if node.fell:
                done["ended by themselves"] += 1
            if not node.runs:
                node.start()
        node, what = drawn.choice(cluster), drawn.random()
        if node.stopped:
            node.send(signal.SIGCONT)
            done["continued"] += 1
        elif what < 0.5:
            node.end(signal.SIGKILL)
            done["killed"] += 1
        elif what < 0.75:
            node.send(signal.SIGSTOP)
            done["stopped"] += 1
        elif what < 0.9:
            database.crash()
            done["crashes of the database"] += 1
        else:
            database.restart(drawn.uniform(0.1, 3.0))
            done["restarts of the database"] += 1
    return {"done": dict(done)}


def _rest(cluster: list[Node], clients: list[Client], database: Database, asked: Asked) -> float:
    """Mend everything, let the clients end what they have begun, and wait until all runs have ended."""
    for node in cluster:
        if node.stopped:
            node.send(signal.SIGCONT)
        if not node.runs:
            node.start()
    end = time.monotonic() + _REST
    for client in clients:
        client.thread.join(max(0.0, end - time.monotonic()))

    def have_ended() -> bool:
        with closing(_store(database)) as store:
            return {row.workflow_id for row in store.runs(RunFilter(), _MOST) if row.state in TERMINAL} >= set(
                asked.starts
            )

    return _until(have_ended, _REST)


def _store(database: Database) -> ServerStore:
    from actorflow.store.postgres import Postgres  # noqa: PLC0415 - its driver is an extra

    return ServerStore(Postgres(database.url), CrashPoint())


# ---- what came of it -----------------------------------------------------------------------------------------------


def _judged(database: Database, asked: Asked, effects: Path) -> dict[str, Any]:
    with closing(_store(database)) as store:
        rows = store.runs(RunFilter(), _MOST)
        ledger = Ledger(starts=asked.starts, ended=asked.starts, signals=asked.signals)
        broken = [str(violation) for violation in violations(store, ledger)]
    results = {row.workflow_id: (row.state, decode(row.result or b"\xf6")) for row in rows}
    done = Counter(file.read_text() for file in effects.iterdir())
    lost = [text for text in broken if text.startswith("S1")]
    lost += [
        f"{name}: got {results.get(name)}" for name in asked.starts if results.get(name) != (COMPLETED, _due(name))
    ]
    lost += [f"{name} has no effect" for order in asked.starts for name in _effects(order) if name not in done]
    return {
        "runs": len(rows),
        "orders": len(asked.starts),
        "signals": len(asked.signals),
        "effects": sum(done.values()),
        "lost": lost,
        "duplicated": [f"{name} was done {count} times" for name, count in done.items() if count > 1],
        "stuck": [text for text in broken if text.startswith(("L1", "L4"))],
        "faults": [text for text in broken if not text.startswith(("S1", "L1", "L4"))]
        + [fault.what for fault in examine(_store(database).dialect)],
    }


def _number(workflow_id: str) -> int:
    return int(workflow_id.split("-")[1])


def _due(workflow_id: str) -> int:
    """Return what an order comes to: three charges, one of its child, and what the signal says."""
    number = _number(workflow_id)
    return 3 * number + 3 + 1 + number


def _effects(workflow_id: str) -> list[str]:
    number = _number(workflow_id)
    return [*(f"order {number} step {step}" for step in range(3)), f"ship {number}"]


sys.exit(main())
