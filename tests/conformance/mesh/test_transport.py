"""The transports of the mesh: one suite for the memory network, TCP, and TLS with certificates on both sides."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from actorflow.errors import Error
from actorflow.mesh.memory import MemoryNetwork
from actorflow.mesh.nng import NngTransport, Tls
from actorflow.mesh.transport import Transport

Make = Callable[[str], Transport]


class Authority:
    """A certificate authority, and certificates it has made out to 127.0.0.1."""

    def __init__(self, directory: Path, name: str) -> None:
        self.directory, self.name = directory, name
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"authority {name}")])
        ca = self._signed(self.subject, self.key, ca=True)
        self.ca = self._write("ca.pem", ca.public_bytes(serialization.Encoding.PEM))

    def tls(self, node: str, ca: Path | None = None) -> Tls:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
        certificate = self._signed(subject, key, ca=False)
        pem = serialization.Encoding.PEM
        plain = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return Tls(
            ca or self.ca,
            self._write(f"{node}.pem", certificate.public_bytes(pem)),
            self._write(f"{node}.key", plain),
        )

    def _write(self, name: str, data: bytes) -> Path:
        path = self.directory / f"{self.name}-{name}"
        path.write_bytes(data)
        return path

    def _signed(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, ca: bool) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        host = x509.SubjectAlternativeName(
            [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("127.0.0.1")]
        )
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(host, critical=False)
        )
        return builder.sign(self.key, hashes.SHA256())


@pytest.fixture(params=["memory", "tcp", "tls"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    if request.param == "memory":
        return MemoryNetwork().transport
    if request.param == "tcp":
        return lambda _name: NngTransport("127.0.0.1:0")
    authority = Authority(tmp_path, "one")
    return lambda name: NngTransport("127.0.0.1:0", tls=authority.tls(name))


@asynccontextmanager
async def opened(*transports: Transport) -> AsyncIterator[None]:
    try:
        for transport in transports:
            await transport.open()
        yield
    finally:
        for transport in transports:
            transport.close()


async def send(transport: Transport, address: str, frame: bytes) -> None:
    while not transport.post(address, frame):
        await transport.room(address)


async def received(transport: Transport, count: int) -> list[bytes]:
    frames: list[bytes] = []
    with trio.fail_after(20):
        while len(frames) < count:
            frames += [arrival.frame for arrival in await transport.receive()]
    return frames


async def test_frames_arrive_in_order_and_whole(make: Make) -> None:
    a, b = make("a"), make("b")
    async with opened(a, b):
        frames = [b"%d " % number * number for number in range(200)] + [b"x" * 3_000_000]
        async with trio.open_nursery() as nursery:

            async def say() -> None:
                for frame in frames:
                    await send(a, b.address, frame)

            nursery.start_soon(say)
            assert await received(b, len(frames)) == frames


async def test_both_ways_and_several_senders(make: Make) -> None:
    a, b, c = make("a"), make("b"), make("c")
    async with opened(a, b, c):
        await send(a, c.address, b"from a")
        await send(b, c.address, b"from b")
        assert sorted(await received(c, 2)) == [b"from a", b"from b"]
        await send(c, a.address, b"answer")
        assert await received(a, 1) == [b"answer"]


async def test_a_post_to_an_address_where_nobody_listens_waits_or_is_lost(make: Make) -> None:
    a, b, c = make("a"), make("b"), make("c")
    async with opened(a, b, c):
        gone = b.address
        b.close()
        posted = sum(a.post(gone, b"to nobody") for _ in range(1000))
        assert posted > 0  # and no error
        await send(a, c.address, b"to somebody")
        assert await received(c, 1) == [b"to somebody"]
        a.forget(gone)


async def test_who_was_refused_may_come_again_and_others_are_not_touched(make: Make) -> None:
    a, b, c = make("a"), make("b"), make("c")
    async with opened(a, b, c):
        await send(a, b.address, b"strange")
        with trio.fail_after(20):
            (arrival,) = await b.receive()
        b.refuse(arrival.source)
        await send(c, b.address, b"of a member")
        assert await received(b, 1) == [b"of a member"]
        with trio.fail_after(20):
            while True:  # the connection was ended; what comes after that is a new one
                a.post(b.address, b"again")
                with trio.move_on_after(0.2):
                    assert await received(b, 1) == [b"again"]
                    break


async def test_an_address_in_use_is_refused_by_name(make: Make) -> None:
    a = make("a")
    async with opened(a):
        second = make("a") if a.address.startswith("mem") else NngTransport(a.address)
        with pytest.raises(Error, match=f"cannot listen at {a.address}"):
            await second.open()


async def test_a_certificate_of_another_authority_gets_nowhere(tmp_path: Path) -> None:
    ours, theirs = Authority(tmp_path, "ours"), Authority(tmp_path, "theirs")
    a = NngTransport("127.0.0.1:0", tls=ours.tls("a"))
    stranger = NngTransport("127.0.0.1:0", tls=theirs.tls("stranger", ca=ours.ca))  # it trusts us, we do not trust it
    member = NngTransport("127.0.0.1:0", tls=ours.tls("member"))
    plain = NngTransport("127.0.0.1:0")
    async with opened(a, stranger, member, plain):
        stranger.post(a.address, b"of a stranger")
        plain.post(a.address, b"without TLS")
        await send(member, a.address, b"of a member")
        assert await received(a, 1) == [b"of a member"]
        with trio.move_on_after(0.5) as scope:
            await a.receive()
        assert scope.cancelled_caught


@pytest.mark.parametrize(
    ("address", "advertise"), [("", ""), ("host", ""), ("host:x", ""), ("a/b:1", ""), ("h:1", "h:0"), ("h:99999", "")]
)
def test_what_is_no_address_is_invalid(address: str, advertise: str) -> None:
    with pytest.raises(Error, match="expected host:port such as"):
        NngTransport(address, advertise)


def test_a_file_of_tls_that_is_not_there_or_is_none_is_named(tmp_path: Path) -> None:
    good = Authority(tmp_path, "good").tls("a")
    with pytest.raises(Error, match=r"tls.key: cannot read .*missing"):
        NngTransport("127.0.0.1:0", tls=Tls(good.ca, good.certificate, tmp_path / "missing"))
    (tmp_path / "junk").write_text("junk")
    with pytest.raises(Error, match="expected PEM files"):
        NngTransport("127.0.0.1:0", tls=Tls(good.ca, tmp_path / "junk", good.key))
