"""hash and crypto against the vectors of their standards, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest

from actorflow.errors import INTERNAL, INVALID, Error
from actorflow.module import cipher, crypto, hash, jwt, uuid  # noqa: A004 - a module of the same name
from actorflow.module.table import call

KEY = b"k" * 32
NONCE = bytes(12)
NOW = 1_700_000_000


@pytest.mark.parametrize(
    ("name", "args", "answer"),
    [
        # FIPS 180-4, RFC 1321, RFC 4231 (case 2), the FNV page
        ("hash.md5", ("abc",), "900150983cd24fb0d6963f7d28e17f72"),
        ("hash.sha1", ("abc",), "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("hash.sha256", (b"abc",), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("hash.sha256", ("", True), bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")),
        (
            "hash.hmac_sha256",
            ("what do ya want for nothing?", "Jefe"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (
            "crypto.hmac.sha256",
            ("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        ("hash.fnv32", ("foobar",), 0xBF9CF968),
        ("hash.fnv64", ("a",), float(0xAF63DC4C8601EC8C)),
        ("hash.fnv64", ("hello world",), 0x779A65E7023CD2E7),
    ],
)
def test_known_answers(name: str, args: tuple[Any, ...], answer: Any) -> None:
    assert call(name, args) == answer


def test_pbkdf2_gives_what_its_standard_says() -> None:
    # RFC 7914 §11
    expected = "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
    assert crypto.pbkdf2("passwd", "salt", 1, 32).hex() == expected


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("hash.sha256", (7,)),
        ("hash.sha256", ("x", "yes")),
        ("hash.hmac_sha512", ("x",)),
        ("crypto.hmac.sha512", ("", "x")),
        ("crypto.pbkdf2", ("", "salt", 1, 32)),
        ("crypto.pbkdf2", ("p", "", 1, 32)),
        ("crypto.pbkdf2", ("p", "s", 0, 32)),
        ("crypto.pbkdf2", ("p", "s", 10_000_001, 32)),
        ("crypto.pbkdf2", ("p", "s", 1.5, 32)),
        ("crypto.pbkdf2", ("p", "s", 1, 0)),
        ("crypto.pbkdf2", ("p", "s", 1, 32, "md4")),
        ("crypto.constant_time_compare", ("a",)),
        ("crypto.checked_size", ("x", True)),
        ("crypto.checked_size", ("x", float("nan"))),
        ("crypto.checked_size", ("x", float("inf"))),
        ("crypto.checked_alphabet", ("",)),
        ("crypto.encrypt.aes", ("x", b"short", None, NONCE)),
        ("crypto.encrypt.chacha20", ("x", b"k" * 16, None, NONCE)),
        ("crypto.encrypt.aes", (5, KEY, None, NONCE)),
        ("crypto.decrypt.aes", (b"x" * 40, b"short", None)),
        ("uuid.v5", ("no", "name")),
        ("uuid.parse", (None,)),
        ("uuid.format", ("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "short")),
    ],
)
def test_what_is_refused_is_invalid(name: str, args: tuple[Any, ...]) -> None:
    with pytest.raises(Error) as caught:
        call(name, args)
    assert (caught.value.kind, caught.value.retryable) == (INVALID, False)


@pytest.mark.parametrize("name", ["aes", "chacha20"])
def test_what_was_sealed_opens_with_the_same_key_and_data_only(name: str) -> None:
    sealed = cipher.seal(name, "secret", KEY, "for ada", NONCE)
    assert cipher.open_sealed(name, sealed, KEY, "for ada") == b"secret"
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for data, key, aad in ((changed, KEY, "for ada"), (sealed, b"x" * 32, "for ada"), (sealed, KEY, None)):
        with pytest.raises(Error, match="decryption failed") as caught:
            cipher.open_sealed(name, data, key, aad)
        assert (caught.value.kind, caught.value.retryable) == (INTERNAL, False)


def test_aes_gives_what_its_standard_says() -> None:
    # The GCM specification of McGrew and Viega, test case 14: no additional data, zeros throughout
    sealed = cipher.seal("aes", bytes(16), bytes(32), None, bytes(12))
    assert sealed[12:].hex() == "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"


def test_all_characters_of_a_charset_are_as_likely() -> None:
    every_byte = bytes(range(256))
    picked = crypto.picked("abc", every_byte)
    assert {picked.count(letter) for letter in "abc"} == {85}


def test_a_token_is_that_of_the_standard() -> None:
    # RFC 7515 A.1 has line breaks in its JSON; this is the token that jwt.io shows for these claims
    token = jwt.encode({"sub": "1234567890", "name": "John Doe", "iat": 1516239022}, "your-256-bit-secret")
    assert token.split(".")[0] == "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
    assert jwt.verify(token, "your-256-bit-secret", None, require_exp=False, now=NOW)["name"] == "John Doe"


def test_a_header_field_is_written_and_is_no_claim() -> None:
    token = jwt.encode({"a": 1, "_header": {"kid": "k1"}}, "key")
    assert "eyJhbGciOiJIUzI1NiIsImtpZCI6ImsxIiwidHlwIjoiSldUIn0" in token
    assert jwt.verify(token, "key", "HS256", require_exp=False, now=NOW) == {"a": 1}


@pytest.mark.parametrize(
    ("claims", "key", "algorithm", "require_exp", "why"),
    [
        ({"exp": NOW + 1}, "other", None, None, "signature"),
        ({"exp": NOW + 1}, "key", "HS512", None, "alg value"),
        ({"exp": NOW}, "key", None, None, "expired"),
        ({}, "key", None, None, "no claim exp"),
        ({"nbf": NOW + 1}, "key", None, False, "not valid yet"),
        ({"exp": "soon"}, "key", None, None, "claim exp is no number"),
        ({"exp": NOW + 1}, "key", "none", None, "one of HS256"),
        ({"exp": NOW + 1}, "", None, None, "empty key"),
        ({"exp": NOW + 1}, "key", "RS256", None, "crypto.jwt.verify"),
    ],
)
def test_a_token_that_must_not_pass_does_not(claims: Any, key: str, algorithm: Any, require_exp: Any, why: str) -> None:
    token = jwt.encode(claims, "key")
    with pytest.raises(Error, match=why) as caught:
        jwt.verify(token, key, algorithm, require_exp, NOW)
    bad_argument = why in {"one of HS256", "empty key"}
    assert (caught.value.kind, caught.value.retryable) == (INVALID if bad_argument else INTERNAL, False)


def test_a_public_key_is_no_secret() -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415 - slow to import
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
    )

    private = rsa.generate_private_key(65537, 2048)
    private_pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public_pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    token = jwt.encode({"a": 1}, private_pem, "RS256")
    assert token == jwt.encode({"a": 1}, private_pem, "RS256")
    assert jwt.verify(token, public_pem, "RS256", require_exp=False, now=NOW) == {"a": 1}
    with pytest.raises(Error, match="asymmetric key"):
        jwt.encode({"a": 1}, public_pem, "HS256")


@pytest.mark.parametrize("token", ["", "x", "a.b.c", b"\xff\xfe", 5, None])
def test_what_is_no_token_is_refused(token: Any) -> None:
    with pytest.raises(Error) as caught:
        jwt.verify(token, "key", None, None, NOW)
    assert caught.value.kind == (INTERNAL if token in {"x", "a.b.c"} else INVALID)


def test_uuids_say_what_is_in_them() -> None:
    now = 1_700_000_000_123_456_789
    one, seven = uuid.v1(now, bytes(range(8))), uuid.v7(now, bytes(range(10)))
    assert uuid.parse(one) == {"version": 1, "variant": "RFC4122", "timestamp": 1_700_000_000, "node": "030304050607"}
    assert uuid.parse(seven) == {"version": 7, "variant": "RFC4122", "timestamp": 1_700_000_000}
    dns = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
    # RFC 9562, appendix A
    assert call("uuid.v3", (dns, "www.example.com")) == "5df41881-3aed-3515-88a7-2f4a814cf09e"
    assert call("uuid.v5", (dns, "www.example.com")) == "2ed6657d-e927-568b-95e1-2665a8aea6a2"
    assert [uuid.formatted(dns, form) for form in ("standard", "simple", "urn")] == [
        dns,
        "6ba7b8109dad11d180b400c04fd430c8",
        f"urn:uuid:{dns}",
    ]
    assert uuid.version("{00000000-0000-0000-0000-000000000000}") == 0
    assert [uuid.variant(f"00000000-0000-4000-{digit}000-000000000000") for digit in "08ce"] == [
        "Reserved",
        "RFC4122",
        "Microsoft",
        "Future",
    ]
    assert uuid.validate(f"urn:uuid:{dns}")
    assert not uuid.validate("6ba7b810-9dad-11d1-80b4-00c04fd430cg")
    assert not uuid.validate(5)


def test_the_digest_functions_of_python_have_the_same_names() -> None:
    assert {name.partition(".")[2] for name in hash.PURE} == {
        *("md5", "sha1", "sha256", "sha512", "hmac_md5", "hmac_sha1", "hmac_sha256", "hmac_sha512", "fnv32", "fnv64")
    }
