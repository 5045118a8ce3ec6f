"""The transport over TCP, plain or TLS with both sides showing certificates, by pynng.

A node listens with one pull socket and has a push socket to each address it sends to. A push socket waits while its
connection is full, connects again by itself, and nng loses whatever a broken connection had under way: the session
sends that again. Frames are taken and given without waiting, between waits for nng's file descriptors, which is an
order of magnitude faster than its asynchronous calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pynng
import trio

from actorflow.errors import invalid, unavailable
from actorflow.mesh.frame import MAX_FRAME
from actorflow.mesh.transport import Arrival

_MOST_AT_ONCE: Final = 64
"""Frames that are taken before other tasks get their turn."""
_SEND_BUFFER: Final = 8
_RECONNECT_MS: Final = (50, 1000)


@dataclass(frozen=True)
class Tls:
    """The files of TLS, all PEM: certificates that are trusted, the own certificate, its key.

    `server_name` is what certificates of other nodes must be made out to, "" for the host of their address.
    """

    ca: Path
    certificate: Path
    key: Path
    server_name: str = ""


class NngTransport:
    """One node's end of the mesh over TCP (`transport.Transport`)."""

    def __init__(self, listen: str, advertise: str = "", tls: Tls | None = None) -> None:
        """Prepare to listen at `host:port`; others are told to reach it at `advertise`, by default the same.

        Raises:
            Error: kind Invalid, for an address that is none or a file of TLS that cannot be read.
        """
        self._listen = checked_address(listen, any_port=True)
        self.address = checked_address(advertise) if advertise else self._listen
        self._is_told = bool(advertise)
        self._tls = tls
        if tls is not None:
            _config(tls, server=True)  # what is wrong with it is said before anything starts
        self._pull: Any = None
        self._pushes: dict[str, Any] = {}

    async def open(self) -> None:
        """Begin to listen."""
        await trio.lowlevel.checkpoint()
        self._pull = pynng.Pull0(recv_max_size=MAX_FRAME)
        try:
            if self._tls is not None:
                self._pull.tls_config = _config(self._tls, server=True)
            self._pull.listen(self._url(self._listen))
        except pynng.NNGException as error:
            self.close()
            raise unavailable(f"cannot listen at {self._listen}: {error}; see `listen` in node.yaml") from error
        if not self._is_told:
            bound = str(self._pull.listeners[0].local_address)
            self.address = f"{_host(self._listen)}:{bound.rpartition(':')[2]}"

    def close(self) -> None:
        """Listen no longer and drop every connection."""
        for push in self._pushes.values():
            push.close()
        self._pushes.clear()
        if self._pull is not None:
            self._pull.close()
            self._pull = None

    def post(self, address: str, frame: bytes) -> bool:
        """Send a frame if nng has room for it."""
        try:
            self._push(address).send(frame, block=False)
        except pynng.TryAgain:
            return False
        except pynng.NNGException:  # of this connection: it is as good as lost, and the next post makes a new one
            self.forget(address)
        return True

    async def room(self, address: str) -> None:
        """Wait until nng may have room."""
        await trio.lowlevel.wait_readable(self._push(address).send_fd)

    async def receive(self) -> list[Arrival]:
        """Wait for frames."""
        while True:
            await trio.lowlevel.wait_readable(self._pull.recv_fd)
            found: list[Arrival] = []
            for _ in range(_MOST_AT_ONCE):
                try:
                    message = self._pull.recv_msg(block=False)
                except pynng.TryAgain:
                    break
                found.append(Arrival(message.bytes, message.pipe))
            if found:
                return found

    def refuse(self, source: Any) -> None:
        """Close the connection."""
        if source is not None:
            source.close()

    def forget(self, address: str) -> None:
        """Close the push socket to an address."""
        push = self._pushes.pop(address, None)
        if push is not None:
            push.close()

    def _push(self, address: str) -> Any:
        push = self._pushes.get(address)
        if push is None:
            checked_address(address)
            low, high = _RECONNECT_MS
            push = pynng.Push0(send_buffer_size=_SEND_BUFFER, reconnect_time_min=low, reconnect_time_max=high)
            if self._tls is not None:
                push.tls_config = _config(self._tls, server=False, name=self._tls.server_name or _host(address))
            push.dial(self._url(address), block=False)
            self._pushes[address] = push
        return push

    def _url(self, address: str) -> str:
        return f"{'tcp' if self._tls is None else 'tls+tcp'}://{address}"


def checked_address(address: str, *, any_port: bool = False) -> str:
    """Return an address if it is one, `host:port`.

    Raises:
        Error: kind Invalid.
    """
    try:
        parts = urlsplit(f"//{address}")
        port, good = parts.port, bool(parts.hostname) and not (parts.path or parts.query or parts.username)
    except ValueError:
        port, good = None, False
    if not good or port is None or (port == 0 and not any_port):
        raise invalid(f"not an address of a node: got {address!r}, expected host:port such as 10.0.0.7:7400")
    return address


def _host(address: str) -> str:
    return address.rpartition(":")[0]


def _config(tls: Tls, *, server: bool, name: str = "") -> Any:
    """Return a configuration of TLS under which the other side must show a certificate too."""
    try:
        config = pynng.TLSConfig(
            pynng.TLSConfig.MODE_SERVER if server else pynng.TLSConfig.MODE_CLIENT,
            server_name=name.strip("[]") or None,
            ca_string=_text(tls.ca, "ca"),
            own_cert_string=_text(tls.certificate, "certificate"),
            own_key_string=_text(tls.key, "key"),
        )
        config.set_auth_mode(pynng.TLSConfig.AUTH_MODE_REQUIRED)
    except pynng.NNGException as error:
        files = f"{tls.ca}, {tls.certificate}, {tls.key}"
        raise invalid(f"mesh.tls: {error}: expected PEM files, of a certificate and its key ({files})") from error
    return config


def _text(path: Path, field: str) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        text = error.strerror if isinstance(error, OSError) else "it is no text"
        raise invalid(f"mesh.tls.{field}: cannot read {path}: {text}") from None
