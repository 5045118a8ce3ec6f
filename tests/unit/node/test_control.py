"""The control socket, over a real ipc socket in a temporary directory."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pynng
import pytest
import trio

from actorflow.codec import decode, encode
from actorflow.errors import CONFLICT, INVALID, NOT_FOUND, TIMEOUT, UNAVAILABLE, Error, Failure
from actorflow.node.control import ControlServer
from actorflow.node.control_client import _MARGIN, Client, ControlClient
from actorflow.node.control_frame import MAX_FRAME
from actorflow.node.data import DataDirectory
from tests.conformance.process.rig import until

LONG = 60


async def _echo(args: Mapping[str, Any]) -> Any:
    return args["value"]


async def _refuse(_args: Mapping[str, Any]) -> Any:
    raise Error("held by another run", CONFLICT, details={"run": 7})


async def _break(_args: Mapping[str, Any]) -> Any:
    raise ZeroDivisionError("oops")


async def _function(_args: Mapping[str, Any]) -> Any:
    return lambda: None


VERBS = {"echo": _echo, "refuse": _refuse, "break": _break, "function": _function}


@asynccontextmanager
async def _server(path: Path, most_requests: int = 8, asleep: Callable[[], None] = lambda: None) -> AsyncIterator[Path]:
    async def sleep(_args: Mapping[str, Any]) -> Any:
        asleep()
        await trio.sleep_forever()

    verbs = {**VERBS, "sleep": sleep}
    with DataDirectory.claim(path) as data:
        async with trio.open_nursery() as nursery:
            await nursery.start(ControlServer(data.control_path(), verbs, most_requests).serve)
            with trio.fail_after(LONG):
                yield data.path
            nursery.cancel_scope.cancel()


async def _blocking(function: Callable[..., Any], *args: Any) -> Any:
    return await trio.to_thread.run_sync(lambda: function(*args))


async def _raw(data: Path, frame: bytes) -> Any:
    with pynng.Req0(recv_timeout=5000, resend_time=-1) as socket:
        socket.dial(f"ipc://{data / 'control.sock'}", block=True)
        await socket.asend(frame)
        return decode(await socket.arecv())


async def test_a_request_is_answered_to_both_clients(tmp_path: Path) -> None:
    value = {"list": [1, None, 2.5, "ü", b"\x00"]}
    async with _server(tmp_path / "d") as data:
        assert await _blocking(ControlClient(data).request, "echo", {"value": value}) == value
        async with Client(data) as client:
            assert await client.request("echo", {"value": value}) == value


async def test_a_client_that_is_not_entered_says_so(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="async with Client"):
        await Client(tmp_path).processes()


async def test_failures_arrive_with_kind_and_details(tmp_path: Path) -> None:
    async with _server(tmp_path / "d") as data, Client(data) as client:
        with pytest.raises(Error) as caught:
            await client.request("refuse", {})
        assert caught.value.kind == CONFLICT
        assert caught.value.details == {"run": 7}
        with pytest.raises(Error, match="ZeroDivisionError: oops"):
            await client.request("break", {})
        with pytest.raises(Error, match="function"):
            await client.request("function", {})


async def test_an_unknown_verb_is_not_found_with_a_suggestion(tmp_path: Path) -> None:
    async with _server(tmp_path / "d") as data, Client(data) as client:
        with pytest.raises(Error, match="no control verb 'ecko'; did you mean 'echo'") as caught:
            await client.request("ecko", {})
        assert caught.value.kind == NOT_FOUND


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\xff",
        b"not cbor",
        encode([1, 2]),
        encode({"v": 1, "verb": 3, "args": {}}),
        b"\x9f" * 1000,
        encode({}) * 2,
    ],
    ids=["empty", "break", "text", "list", "verb", "deep", "two"],
)
async def test_malformed_frames_are_answered_with_invalid(tmp_path: Path, frame: bytes) -> None:
    async with _server(tmp_path / "d") as data:
        reply = await _raw(data, frame)
        assert reply["ok"] is False
        assert isinstance(reply["failure"], Failure)
        assert reply["failure"].kind == INVALID
        assert (await _raw(data, encode({"v": 1, "verb": "echo", "args": {"value": 1}})))["value"] == 1


async def test_another_version_is_refused_by_name(tmp_path: Path) -> None:
    async with _server(tmp_path / "d") as data:
        reply = await _raw(data, encode({"v": 9, "verb": "echo", "args": {"value": 1}}))
        assert "version 9, expected 1" in reply["failure"].message


async def test_a_frame_over_the_limit_is_refused_and_the_node_lives(tmp_path: Path) -> None:
    async with _server(tmp_path / "d") as data, Client(data) as client:
        with pytest.raises(Error) as caught:
            await client.request("echo", {"value": "x" * (MAX_FRAME + 1)})
        assert caught.value.kind == INVALID
        with pytest.raises(pynng.ConnectionReset):
            await _raw(data, b"x" * (MAX_FRAME + 1))
        assert await client.request("echo", {"value": 1}) == 1


async def test_long_waits_do_not_hold_up_others(tmp_path: Path) -> None:
    async with _server(tmp_path / "d") as data, Client(data) as client, trio.open_nursery() as nursery:
        for _ in range(7):
            nursery.start_soon(client.request, "sleep", {})
        assert await client.request("echo", {"value": 1}) == 1
        nursery.cancel_scope.cancel()


async def test_requests_over_the_limit_are_turned_away(tmp_path: Path) -> None:
    asleep: list[None] = []
    server = _server(tmp_path / "d", 2, lambda: asleep.append(None))
    async with server as data, Client(data) as client, trio.open_nursery() as nursery:
        nursery.start_soon(client.request, "sleep", {})
        nursery.start_soon(client.request, "sleep", {})
        await until(lambda: len(asleep) == 2)
        with pytest.raises(Error, match="has 2 control requests open") as caught:
            await client.request("echo", {"value": 1})
        assert caught.value.kind == UNAVAILABLE
        nursery.cancel_scope.cancel()


async def test_a_client_that_leaves_is_no_fault(tmp_path: Path) -> None:
    async with _server(tmp_path / "d") as data, Client(data) as client:
        with trio.move_on_after(0.05):
            await client.request("sleep", {})
        assert await client.request("echo", {"value": 1}) == 1


async def test_every_wait_has_a_time_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actorflow.node.control_client._MARGIN", 0.05)
    async with _server(tmp_path / "d") as data, Client(data) as client:
        for request in (client.request, lambda *args: _blocking(ControlClient(data).request, *args)):
            with pytest.raises(Error, match="did not answer in time") as caught:
                await request("sleep", {}, 0.05)
            assert caught.value.kind == TIMEOUT


async def test_a_node_that_goes_away_leaves_the_outcome_open(tmp_path: Path) -> None:
    failures: list[Failure] = []

    async def ask(client: Client) -> None:
        try:
            await client.request("sleep", {})
        except Error as error:
            failures.append(error.failure)

    asleep = trio.Event()
    async with trio.open_nursery() as nursery, _server(tmp_path / "d", asleep=asleep.set) as data:
        client = await Client(data).__aenter__()
        nursery.start_soon(ask, client)
        await asleep.wait()
    assert failures[0].kind == UNAVAILABLE
    assert failures[0].retryable is None
    async with _server(tmp_path / "d"), client:
        assert await client.request("echo", {"value": 2}) == 2


async def test_the_client_works_under_asyncio_too(tmp_path: Path) -> None:
    async def ask(data: Path) -> Any:
        async with Client(data) as client:
            with pytest.raises(Error, match="did not answer in time"):
                await client.request("sleep", {}, 0.05 - _MARGIN)
            return await client.request("echo", {"value": 5})

    async with _server(tmp_path / "d") as data:
        assert await _blocking(asyncio.run, ask(data)) == 5


def test_without_a_node_a_client_says_so(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    with pytest.raises(Error, match="no node runs") as caught:
        ControlClient(tmp_path / "d").request("echo", {})
    assert caught.value.kind == UNAVAILABLE
    (tmp_path / "d" / "control").write_text(f"{tmp_path}/gone.sock\n")
    with pytest.raises(Error, match="no node runs"):
        ControlClient(tmp_path / "d").request("echo", {})


async def test_the_socket_is_for_its_owner_only(tmp_path: Path) -> None:
    async with _server(tmp_path / "d") as data:
        assert stat.S_IMODE((data / "control.sock").stat().st_mode) == 0o600
        assert stat.S_IMODE(data.stat().st_mode) == 0o700


async def test_a_socket_left_by_a_killed_node_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "control.sock").write_text("")
    async with _server(tmp_path / "d") as data, Client(data) as client:
        assert await client.request("echo", {"value": 3}) == 3


async def test_a_long_path_gets_a_short_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/tmp")  # noqa: S108 - the short place is the point
    async with _server(tmp_path / ("long" * 30)) as data, Client(data) as client:
        assert not (data / "control.sock").exists()
        assert await client.request("echo", {"value": 4}) == 4
