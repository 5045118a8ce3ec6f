"""The connection of a client: what the SDK is told, and what is said when the server comes and goes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio
from temporalio.client import Client

from actorflow.notice import Notice
from tests.temporal.support import HOST, on
from tests.temporal.test_faults import refused


class Door:
    """A way to the server that can be shut: connections through it end then, and no others are let in."""

    def __init__(self, server: str) -> None:
        """Lead to `server`; it is shut at first."""
        host, _, port = server.rpartition(":")
        self._server = (host, int(port))
        self._scope = trio.CancelScope()
        self._shut = trio.Event()
        self.port = 0

    async def opened(self, nursery: trio.Nursery) -> None:
        """Let connections in, always on the same port."""
        self._scope, self._shut = trio.CancelScope(), trio.Event()
        listeners = await trio.open_tcp_listeners(self.port, host="127.0.0.1")
        self.port = listeners[0].socket.getsockname()[1]
        nursery.start_soon(self._serve, listeners)

    async def shut(self) -> None:
        """End all connections and let nobody in."""
        self._scope.cancel()
        await self._shut.wait()

    async def _serve(self, listeners: list[trio.SocketListener]) -> None:
        with self._scope:
            await trio.serve_listeners(self._led, listeners)
        self._shut.set()

    async def _led(self, client: trio.SocketStream) -> None:
        try:
            async with await trio.open_tcp_stream(*self._server) as upstream, trio.open_nursery() as nursery:
                for source, target in ((client, upstream), (upstream, client)):
                    nursery.start_soon(_copied, source, target, nursery.cancel_scope)
        except* (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # one side has gone


async def _copied(source: trio.SocketStream, target: trio.SocketStream, scope: trio.CancelScope) -> None:
    async for data in source:
        await target.send_all(data)
    scope.cancel()


@asynccontextmanager
async def door(server: str) -> AsyncIterator[tuple[Door, Any]]:
    """Lead to the server for the block; the second value opens the door."""
    made = Door(server)
    async with trio.open_nursery() as nursery:
        yield made, partial(made.opened, nursery)
        nursery.cancel_scope.cancel()


async def test_keep_alive_and_time_out_are_those_of_the_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[dict[str, Any]] = []

    async def connect(address: str, **arguments: Any) -> Client:
        given.append({"address": address, **arguments})
        raise RuntimeError("not now")

    monkeypatch.setattr(Client, "connect", connect)
    await refused()
    written = {"keep_alive_time": "5s", "keep_alive_timeout": "1500ms", "connection_timeout": "3s", "namespace": "shop"}
    await refused(*(f"app:client:{name}={value}" for name, value in written.items()))
    await refused("app:client:keep_alive_time=0")
    first, second, third = given
    alive = [(one["keep_alive_config"].interval_millis, one["keep_alive_config"].timeout_millis) for one in given[:2]]
    assert alive == [(30_000, 10_000), (5_000, 1_500)]
    assert third["keep_alive_config"] is None, "0 is never"
    assert (first["connect_timeout"], second["connect_timeout"]) == (timedelta(seconds=10), timedelta(seconds=3))
    assert (first["namespace"], second["namespace"]) == ("default", "shop")
    assert (first["tls"], first["api_key"]) == (False, None)


@pytest.mark.slow
async def test_a_server_that_goes_and_comes_is_said_and_workers_go_on(server: str, tmp_path: Path) -> None:
    said: list[Notice] = []

    async def heard(text: str, count: int = 1) -> None:
        with trio.fail_after(60):
            while sum(text in notice.text for notice in said if notice.code == "temporal-health") < count:  # noqa: ASYNC110
                await trio.sleep(0.02)

    async with door(server) as (way, open_door):
        await open_door()
        address = f"127.0.0.1:{way.port}"
        health = "app:client:health_check={enabled: true, interval: 50ms}"
        async with on(address, tmp_path, health, notices=said.append) as node:
            pid = await node.spawn("app:suspended", host=HOST)
            await way.shut()
            await heard(f"{address} does not answer")
            await open_door()
            await heard(f"{address} answers again")
            await node.wake(pid, "still here")
            assert await node.wait(pid, timeout=90) == "still here"
            assert {notice.where for notice in said if notice.code == "temporal-health"} == {"app:client"}


@pytest.mark.slow
async def test_without_a_health_check_nobody_asks(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr("hosts.temporal.connection.TemporalClient._healthy", lambda _client: asked.append(1))
    for written in ("{enabled: false, interval: 1ms}", "{enabled: true, interval: 0}"):
        health = f"app:client:health_check={written}"
        async with on(server, tmp_path / f"quiet-{len(written)}", health) as node:
            assert await node.exec("app:counting", host=HOST, args=[0], timeout=60) == {"seen": 0, "tokens": 2}
    assert asked == []
