"""Dying at every commit of the same calls when the store is on a server: transactions are done once there, too."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL

from actorflow.store.crash import STATUS
from actorflow.store.examine import examine
from tests.crash.calling import ENTRIES, FEWEST, REGISTRY
from tests.crash.forking import ForkServer
from tests.crash.rig import error_of, life, said
from tests.crash.test_calls import LIVES as LIVES  # noqa: PLC0414 - the fixture `server` reads it here
from tests.crash.test_calls import RESULT, results
from tests.databases import POSTGRES, connected, database, emptied

HOST = "    kind: workflow.host\n"


def write_registry(place: Path, url: URL) -> None:
    """Write the registry of the calls, with the database of a server for its runs."""
    shutil.copytree(REGISTRY, place / "registry")
    given = {"host": url.host, "port": url.port, "username": url.username, "password": url.password}
    entry: dict[str, Any] = {name: value for name, value in given.items() if value}
    entry |= {"name": "db", "kind": "db.sql.postgres", "database": url.database, "options": dict(url.query)}
    index = place / "registry" / "_index.yaml"
    text = index.read_text()
    assert HOST in text
    index.write_text(text.replace(HOST, f"{HOST}    database: db\n") + f"  - {json.dumps(entry)}\n")


def check(place: Path, url: URL) -> None:
    """See that every run has the result of one that nothing happened to, and booked once."""
    found = results(place)
    assert set(found) == set(ENTRIES), error_of(place)
    for result in found.values():
        assert result.pop("failed") in {"done", "Unknown"}, place.name
        assert result == RESULT, place.name
    assert said(place, "fault") == [], place.name
    with connected(url) as connection:
        booked = connection.execute("SELECT run, count(*) FROM booking GROUP BY run ORDER BY run").fetchall()
        assert [tuple(row) for row in booked] == [(entry, 1) for entry in sorted(ENTRIES)], place.name
    assert list(examine(database(url))) == [], place.name


@pytest.mark.slow
@pytest.mark.parametrize("kind", [POSTGRES])
def test_every_commit_on_a_server_may_be_the_last(server: ForkServer, tmp_path: Path, kind: str) -> None:
    number = 1
    while dies_at(server, tmp_path, kind, f"{number}:{('before', 'after')[number % 2]}"):  # a file has died at both
        number += 1
    assert number > FEWEST, "starts, calls, retries, bookings"
    with connected(emptied(kind)) as connection:
        connection.execute("DROP TABLE booking")


def dies_at(server: ForkServer, directory: Path, kind: str, point: str) -> bool:
    """Live, die at a commit, live on, and check; tell whether there is such a commit."""
    url = emptied(kind)
    with connected(url) as connection:
        connection.execute("DROP TABLE IF EXISTS booking")
    place = directory / point.replace(":", "-")
    write_registry(place, url)
    died = life(server, place, point) == STATUS
    if died:
        assert life(server, place) == 0
    check(place, url)
    return died
