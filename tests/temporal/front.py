"""A front before the test server that checks who connects: certificates of clients, and API keys in gRPC metadata.

The development server does neither. The front decrypts, looks at the headers of each request, and hands the frames on
as they are; what it refuses it answers itself.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import trio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hpack import Decoder

_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_HEAD: Final = 9
_HEADERS, _CONTINUATION = 1, 9
_END_STREAM, _END_HEADERS, _PADDED, _PRIORITY = 1, 4, 8, 32
_UNAUTHENTICATED: Final = b"16"


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as PEM files."""

    cert: Path
    key: Path


class Authority:
    """One that signs certificates."""

    def __init__(self, folder: Path, name: str) -> None:
        """Make its own certificate in `folder`."""
        self._folder, self._name = folder, name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._subject = _named(name)
        self.cert = folder / f"{name}.pem"
        self.cert.write_bytes(_pem(self._signed(self._subject, self._key.public_key(), authority=True)))

    def pair(self, name: str) -> Pair:
        """Return a certificate that it has signed, good for 127.0.0.1 and localhost."""
        key = ec.generate_private_key(ec.SECP256R1())
        pair = Pair(self._folder / f"{self._name}-{name}.pem", self._folder / f"{self._name}-{name}.key")
        pair.cert.write_bytes(_pem(self._signed(_named(name), key.public_key(), authority=False)))
        pair.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return pair

    def _signed(self, subject: x509.Name, key: Any, *, authority: bool) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        hosts = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if not authority:
            builder = builder.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        return builder.sign(self._key, hashes.SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(cert: x509.Certificate) -> bytes:
    return cert.public_bytes(serialization.Encoding.PEM)


@asynccontextmanager
async def front(server: str, own: Pair, *, clients: Path | None = None, key: str = "") -> AsyncIterator[str]:
    """Serve a front before `server` for the block, and yield its address.

    Args:
        server: host and port.
        own: its own certificate.
        clients: whose certificates the clients must have, None for no certificate.
        key: the API key that each request must have.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(own.cert, own.key)
    context.set_alpn_protocols(["h2"])
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients)
    async with trio.open_nursery() as nursery:
        handler = partial(_connected, server, key)
        listeners = await nursery.start(
            partial(trio.serve_ssl_over_tcp, handler, 0, context, host="127.0.0.1", https_compatible=True)
        )
        yield f"127.0.0.1:{listeners[0].transport_listener.socket.getsockname()[1]}"
        nursery.cancel_scope.cancel()


async def _connected(server: str, key: str, client: trio.SSLStream[Any]) -> None:
    host, _, port = server.rpartition(":")
    try:
        async with client, await trio.open_tcp_stream(host, int(port)) as upstream, trio.open_nursery() as nursery:
            requests = _Requests(client, upstream, key)
            nursery.start_soon(requests.answered, nursery.cancel_scope)
            await requests.handed_on()
            nursery.cancel_scope.cancel()
    except* (trio.BrokenResourceError, trio.ClosedResourceError):
        pass  # a client that is refused by its certificate, or that goes


class _Frames:
    """The frames that come over one connection."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._buffer = bytearray()

    async def frame(self) -> tuple[bytes, bytes]:
        """Return head and body of the next one, nothing at the end."""
        head = await self.read(_HEAD)
        return head, await self.read(int.from_bytes(head[:3], "big"))

    async def read(self, count: int) -> bytes:
        """Return so many bytes, none at the end."""
        while len(self._buffer) < count:
            data = await self._stream.receive_some()
            if not data:
                return b""
            self._buffer += data
        found = bytes(self._buffer[:count])
        del self._buffer[:count]
        return found


class _Requests:
    """The frames of one client, handed on if the requests they belong to have the key."""

    def __init__(self, client: trio.abc.Stream, upstream: trio.abc.Stream, key: str) -> None:
        self._client, self._upstream, self._key = client, upstream, key
        self._sending = trio.Lock()
        self._decoder = Decoder()
        self._block = bytearray()
        self._refused: set[int] = set()

    async def answered(self, scope: trio.CancelScope) -> None:
        """Hand on what the server answers, whole frames: others go between them."""
        frames = _Frames(self._upstream)
        while True:
            head, body = await frames.frame()
            if not head:
                break
            await self._tell(head + body)
        scope.cancel()

    async def _tell(self, data: bytes) -> None:
        async with self._sending:
            await self._client.send_all(data)

    async def handed_on(self) -> None:
        """Hand on what the client asks, until it goes."""
        frames = _Frames(self._client)
        await self._upstream.send_all(await frames.read(len(_PREFACE)))
        while True:
            head, body = await frames.frame()
            if not head:
                return
            kind, flags, stream = head[3], head[4], int.from_bytes(head[5:9], "big") & 0x7FFFFFFF
            if kind in {_HEADERS, _CONTINUATION}:
                await self._headers(kind, flags, stream, body)
            if stream not in self._refused:
                await self._upstream.send_all(head + body)

    async def _headers(self, kind: int, flags: int, stream: int, body: bytes) -> None:
        """Look at the headers of a request; each block is decoded, for each changes the table of the next."""
        self._block += _fragment(body, flags) if kind == _HEADERS else body
        if not flags & _END_HEADERS:
            return
        headers = dict(self._decoder.decode(bytes(self._block)))
        self._block.clear()
        if self._key and headers.get("authorization") != f"Bearer {self._key}":
            self._refused.add(stream)
            await self._refuse(stream)

    async def _refuse(self, stream: int) -> None:
        """Answer with trailers only, in literals that leave the table of the server's own answers alone."""
        told = {
            b"content-type": b"application/grpc",
            b"grpc-status": _UNAUTHENTICATED,
            b"grpc-message": b"no such key",
        }
        block = b"\x88" + b"".join(
            bytes([0, len(name)]) + name + bytes([len(value)]) + value for name, value in told.items()
        )
        head = len(block).to_bytes(3, "big") + bytes([_HEADERS, _END_STREAM | _END_HEADERS]) + stream.to_bytes(4, "big")
        await self._tell(head + block)


def _fragment(body: bytes, flags: int) -> bytes:
    """Return the header block of a HEADERS frame without its padding and priority."""
    padding = body[0] if flags & _PADDED else 0
    start = (1 if flags & _PADDED else 0) + (5 if flags & _PRIORITY else 0)
    return body[start : len(body) - padding]
