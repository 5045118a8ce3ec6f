"""Certificates for nodes on the loopback, made for one benchmark and thrown away with it."""

from __future__ import annotations

import datetime as dt
import ipaddress
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_PEM: Final = serialization.Encoding.PEM
_NODE: Final = "node: {tls: {ca: ca.pem, certificate: node.pem, key: node.key}}\n"


def with_tls(directory: Path) -> None:
    """Write certificates for 127.0.0.1 and a node.yaml that names them beside a registry."""
    authority, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer, subject = _named("authority"), _named("127.0.0.1")
    ca = _signed(issuer, issuer, authority, authority, is_ca=True)
    node = _signed(subject, issuer, own, authority, is_ca=False)
    (directory / "ca.pem").write_bytes(ca.public_bytes(_PEM))
    (directory / "node.pem").write_bytes(node.public_bytes(_PEM))
    key = own.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (directory / "node.key").write_bytes(key)
    (directory / "node.yaml").write_text(_NODE)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _signed(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    by: ec.EllipticCurvePrivateKey,
    *,
    is_ca: bool,
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    hosts = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("127.0.0.1")]
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(days=1))
    builder = builder.not_valid_after(now + dt.timedelta(days=1))
    builder = builder.add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
    return builder.add_extension(x509.SubjectAlternativeName(hosts), critical=False).sign(by, hashes.SHA256())
