"""Who may connect: certificates of clients and API keys, before a server that checks them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from actorflow.node.node import Node
from tests.temporal.front import Authority, front
from tests.temporal.support import HOST, on
from tests.temporal.test_faults import refused

KEY = "let-me-in"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "ours")


def mutual(authority: Authority, signed_by: Authority) -> list[str]:
    """Return the overrides of a client with a certificate."""
    pair = signed_by.pair("client")
    return [
        f"app:client:auth={{type: mtls, cert_file: {pair.cert}, key_file: {pair.key}}}",
        f"app:client:tls={{ca_file: {authority.cert}}}",
    ]


def keyed(authority: Authority, key: str) -> list[str]:
    """Return the overrides of a client with an API key."""
    return [f"app:client:auth={{type: api_key, api_key: {key}}}", f"app:client:tls={{ca_file: {authority.cert}}}"]


async def _counted(node: Node) -> Any:
    return await node.exec("app:counting", host=HOST, args=[0], timeout=90)


@pytest.mark.slow
async def test_a_certificate_of_the_servers_authority_is_accepted(
    server: str, tmp_path: Path, authority: Authority
) -> None:
    async with (
        front(server, authority.pair("server"), clients=authority.cert) as address,
        on(address, tmp_path / "node", *mutual(authority, authority)) as node,
    ):
        assert await _counted(node) == {"seen": 0, "tokens": 2}


@pytest.mark.slow
async def test_an_api_key_that_the_server_knows_is_accepted(server: str, tmp_path: Path, authority: Authority) -> None:
    async with (
        front(server, authority.pair("server"), key=KEY) as address,
        on(address, tmp_path / "node", *keyed(authority, KEY)) as node,
    ):
        assert await _counted(node) == {"seen": 0, "tokens": 2}


async def test_who_has_no_certificate_or_a_wrong_one_is_refused(
    server: str, tmp_path: Path, authority: Authority
) -> None:
    other = Authority(tmp_path, "other")
    ca = f"app:client:tls={{ca_file: {authority.cert}}}"
    advice: Mapping[str, tuple[list[str], str]] = {
        "no certificate": ([ca], "auth.type: mtls"),
        "one of somebody else": (mutual(authority, other), "auth.cert_file"),
        "no encryption": ([], "tls: {enabled: true}"),
        "unknown server": (mutual(other, authority), "tls.ca_file"),
        "other name": ([*mutual(authority, authority), "app:client:tls.server_name=elsewhere"], "tls.server_name"),
    }
    async with front(server, authority.pair("server"), clients=authority.cert) as address:
        for what, (overrides, says) in advice.items():
            error = await refused(f"app:client:address={address}", *overrides)
            assert f"no connection to Temporal at {address}" in error.message, what
            assert says in error.message, (what, error.message)


async def test_who_has_no_key_or_a_wrong_one_is_refused(server: str, authority: Authority) -> None:
    ca = f"app:client:tls={{ca_file: {authority.cert}}}"
    async with front(server, authority.pair("server"), key=KEY) as address:
        for overrides, says in (([ca], "auth.type: api_key"), (keyed(authority, "wrong"), "auth.api_key")):
            error = await refused(f"app:client:address={address}", *overrides)
            assert error.kind == "PermissionDenied"
            assert error.retryable is False
            assert says in error.message
            assert "wrong" not in error.message, "no key is shown"
