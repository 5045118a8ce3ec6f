"""The connection of a `temporal.client` entry: one client of the SDK, which reconnects by itself."""

from __future__ import annotations

import asyncio
import atexit
import gc
import logging
import os
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import trio
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client, KeepAliveConfig, TLSConfig
from temporalio.runtime import LogForwardingConfig, LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.service import RPCError, RPCStatusCode

from actorflow.errors import Error, invalid, unavailable
from actorflow.notice import Notice
from hosts.temporal.failure import failure_from
from hosts.temporal.header import ClientHeaders
from hosts.temporal.payload import VALUES
from hosts.temporal.refusal import refused

if TYPE_CHECKING:
    from actorflow.node.node import Node

_KEY: Final = "hosts.temporal.runtime"
_MILLISECOND: Final = 1_000_000
_SECOND: Final = 1e9
_LISTED: Final = 60.0
"""Seconds after which the search attributes of the cluster are listed anew."""


class TemporalClient:
    """A connection at work (`node.resource.Resource`); `client` is what the SDK has."""

    def __init__(self, id: str, config: Any, node: Node) -> None:  # noqa: A002 - every resource's constructor
        """Connect to nothing yet."""
        self.id = id
        self.config = config
        self.node = node
        self._client: Client | None = None
        self._scope = trio.CancelScope()
        self.attributes: dict[str, int] = {}
        self._listed = 0.0

    @property
    def client(self) -> Client:
        """The client of the SDK; to be used in the asyncio thread only.

        Raises:
            Error: kind Unavailable, when the connection is not open.
        """
        if self._client is None:
            raise unavailable(f"{self.id} is not connected to {self.config.address}")
        return self._client

    async def start(self) -> None:
        """Connect.

        Raises:
            Error: kind Unavailable, naming the address, when the server is not there or closes the connection;
                PermissionDenied, when it does not let us in; Invalid, when a key or certificate cannot be read.
        """
        self._client = await self.run(self._connected)
        if self.config.health_check.enabled and self.config.health_check.interval:
            self._scope = trio.CancelScope()
            self.node.nursery.start_soon(self._look)

    async def stop(self, grace: float) -> None:  # noqa: ARG002 - nothing is under way
        """Drop the connection."""
        self._scope.cancel()
        self._client = None
        if not any(other is not self for other in self.node.running.all(TemporalClient)):
            self.node.resources.pop(_KEY, None)

    async def run(self, work: Callable[[], Coroutine[Any, Any, Any]], what: str = "") -> Any:
        """Await something of the SDK in the asyncio thread.

        Raises:
            Error: what it fails with; `what` is named in it.
        """
        try:
            return await self.node.asyncio.run(work)
        except (Error, trio.Cancelled):
            raise
        except Exception as error:  # noqa: BLE001 - whatever the SDK raises is the answer
            raise Error(failure_from(error, what)) from None

    def queue(self, name: str) -> str:
        """Return a task queue with the prefix of this client."""
        return f"{self.config.tq_prefix}{name}"

    async def _connected(self) -> Client:
        config = self.config
        limit = config.connection_timeout / _SECOND or None
        try:
            async with asyncio.timeout(limit):
                client = await Client.connect(
                    config.address,
                    namespace=config.namespace,
                    api_key=_key(self.id, config.auth),
                    tls=_tls(self.id, config),
                    data_converter=VALUES,
                    interceptors=[ClientHeaders()],
                    runtime=runtime_of(self.node),
                    connect_timeout=timedelta(seconds=limit) if limit else None,
                    keep_alive_config=_keep_alive(config),
                )
                await self._declare(client)
        except (RuntimeError, RPCError, TimeoutError) as error:
            raise refused(self.id, config, error, denied=_is_denied(error)) from None
        return client

    async def _declare(self, client: Client) -> None:
        """Create the search attributes that the entry names and the cluster does not have."""
        await self._list(client)
        missing = {name: _INDEXED[kind] for name, kind in self.config.search_attributes.items()}
        missing = {name: kind for name, kind in missing.items() if name not in self.attributes}
        if missing:
            request = AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
            await client.operator_service.add_search_attributes(request)
            self.attributes = {**self.attributes, **missing}

    async def _list(self, client: Client) -> None:
        request = ListSearchAttributesRequest(namespace=client.namespace)
        listed = await client.operator_service.list_search_attributes(request)
        self.attributes, self._listed = dict(listed.custom_attributes), time.monotonic()

    async def known(self, wanted: Iterable[str] = ()) -> Mapping[str, int]:
        """Return the search attributes of the cluster with their types; in the asyncio thread.

        They are listed anew when one that is wanted is not among them, and after a while.
        """
        if set(wanted) - self.attributes.keys() or self.listed() is None:
            await self._list(self.client)
        return self.attributes

    def listed(self) -> Mapping[str, int] | None:
        """Return the search attributes of the cluster with their types, None when they have to be listed anew."""
        return None if time.monotonic() - self._listed > _LISTED else self.attributes

    async def _look(self) -> None:
        """Ask the server every now and then whether it is there, and say when that changes."""
        there = True
        with self._scope:
            while True:
                await trio.sleep(self.config.health_check.interval / _SECOND)
                try:
                    well, why = await self.run(self._healthy), ""
                except Error as error:
                    well, why = False, error.message
                if well != there:
                    there = well
                    text = "answers again" if well else f"does not answer: {why}"
                    self.node.notices(Notice("temporal-health", f"{self.config.address} {text}", self.id))

    async def _healthy(self) -> bool:
        return await self.client.service_client.check_health(timeout=timedelta(seconds=10))


def _is_denied(error: Exception) -> bool:
    return isinstance(error, RPCError) and error.status in {
        RPCStatusCode.UNAUTHENTICATED,
        RPCStatusCode.PERMISSION_DENIED,
    }


def runtime_of(node: Node) -> Runtime:
    """Return the runtime of the SDK's core for a node; what it logs goes where the SDK logs."""

    def made() -> Runtime:
        logging.getLogger("temporalio").addHandler(logging.NullHandler())  # else each failed attempt is printed
        forwarding = LogForwardingConfig(logging.getLogger("temporalio.core"))
        atexit.unregister(_let_go)
        atexit.register(_let_go)
        logs = LoggingConfig(filter=TelemetryFilter(core_level="WARN", other_level="ERROR"), forwarding=forwarding)
        return Runtime(telemetry=TelemetryConfig(logging=logs))

    if _KEY not in node.resources:
        node.resources[_KEY] = made()
    runtime: Runtime = node.resources[_KEY]
    return runtime


def _let_go() -> None:
    """Free the runtimes of nodes that are closed: their threads must not come back to an interpreter that ends.

    They are in circles of the SDK's own objects, which only a collection finds.
    """
    gc.collect()


def _keep_alive(config: Any) -> KeepAliveConfig | None:
    """Return how the connection is kept alive, None where one of the times is 0."""
    if not (config.keep_alive_time and config.keep_alive_timeout):
        return None
    return KeepAliveConfig(
        interval_millis=max(config.keep_alive_time // _MILLISECOND, 1),
        timeout_millis=max(config.keep_alive_timeout // _MILLISECOND, 1),
    )


def _key(entry: str, auth: Any) -> str | None:
    """Return the API key of a client, None when it has none."""
    if auth.type != "api_key":
        return None
    key = auth.api_key or os.environ.get(auth.api_key_env, "") if auth.api_key_env else auth.api_key
    if not key and auth.api_key_file:
        key = _read(entry, "auth.api_key_file", auth.api_key_file).decode().strip()
    if not key:
        where = f"environment variable {auth.api_key_env}" if auth.api_key_env else "api_key, api_key_env, api_key_file"
        raise invalid(f"{entry}, auth: type api_key, but no key in {where}")
    return str(key)


def _tls(entry: str, config: Any) -> TLSConfig | bool:
    """Return how the connection is encrypted: with an API key or a certificate it always is."""
    auth, tls = config.auth, config.tls
    if tls is None and auth.type == "none":
        return False
    if tls is not None and not tls.enabled and auth.type != "mtls":
        return False
    if tls is not None and tls.insecure_skip_verify:
        advice = "name the certificate of the server with tls.ca_file, and its name with tls.server_name"
        raise invalid(f"{entry}, tls.insecure_skip_verify: the SDK for Python always verifies; {advice}")
    mutual = auth.type == "mtls"
    return TLSConfig(
        server_root_ca_cert=_pem(entry, "tls.ca", tls, "ca") if tls is not None else None,
        domain=(tls.server_name or None) if tls is not None else None,
        client_cert=_pem(entry, "auth.cert", auth, "cert", needed=True) if mutual else None,
        client_private_key=_pem(entry, "auth.key", auth, "key", needed=True) if mutual else None,
    )


def _pem(entry: str, path: str, config: Any, name: str, *, needed: bool = False) -> bytes | None:
    text, file = getattr(config, f"{name}_pem"), getattr(config, f"{name}_file")
    if text:
        return str(text).encode()
    if file:
        return _read(entry, f"{path}_file", file)
    if needed:
        raise invalid(f"{entry}: type mtls needs {path}_file or {path}_pem")
    return None


def _read(entry: str, path: str, file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise invalid(f"{entry}, {path}: cannot read {file}: {error.strerror}") from None


_INDEXED: Final[Mapping[str, IndexedValueType.ValueType]] = {
    "text": IndexedValueType.INDEXED_VALUE_TYPE_TEXT,
    "keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "int": IndexedValueType.INDEXED_VALUE_TYPE_INT,
    "double": IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
    "bool": IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
    "datetime": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
    "keyword_list": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
}
