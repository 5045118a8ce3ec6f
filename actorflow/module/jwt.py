"""JSON Web Tokens (RFC 7519), signed: HS256, HS384, HS512, RS256, RS384, RS512, EdDSA.

Of the algorithms only those whose signature follows from key and claims: no ES*, no PS*, which draw random numbers.
The time is given, in Unix seconds, so that a replay sees the same.
"""

from __future__ import annotations

import json
from typing import Any, Final

from actorflow.errors import INTERNAL, Error, invalid
from actorflow.module.octets import octets, text, unexpected

ALGORITHMS: Final = ("HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "EdDSA")
DEFAULT: Final = "HS256"
HEADER: Final = "_header"
"""The claim that is not one: further fields of the header."""
_CHECKED: Final = ("exp", "nbf", "iat")


def encode(claims: Any, key: Any, algorithm: Any = None) -> str:
    """Return the signed token of a map of claims; its `_header` is a map of further header fields.

    Raises:
        Error: kind Invalid, for claims that are no map, an unknown algorithm, or a key that does not fit it.
    """
    import jwt  # noqa: PLC0415 - imported when first used

    if claims == []:
        claims = {}
    if not isinstance(claims, dict) or any(not isinstance(name, str) for name in claims):
        raise unexpected(claims, "a table of claims by name", "crypto.jwt.encode")
    payload = dict(claims)
    header = payload.pop(HEADER, None) or None
    if header is not None and not isinstance(header, dict):
        raise unexpected(header, f"a table of header fields as {HEADER}", "crypto.jwt.encode")
    given = _key(key, "crypto.jwt.encode")
    try:
        token: str = _signer().encode(_json(payload), given, _algorithm(algorithm, "crypto.jwt.encode"), header)
    except (jwt.PyJWTError, TypeError, ValueError) as error:
        raise invalid(f"crypto.jwt.encode: {error}") from None
    return token


def verify(token: Any, key: Any, algorithm: Any, require_exp: Any, now: int) -> dict[str, Any]:
    """Return the claims of a token whose signature and times are right.

    `exp`, `nbf` are held against `now`; with `require_exp`, which is the default, a token without `exp` is refused.

    Raises:
        Error: kind Internal, when the signature is wrong, the token is not valid now or no token at all; kind Invalid
            for an unknown algorithm or a key that does not fit it.
    """
    import jwt  # noqa: PLC0415 - imported when first used

    where = "crypto.jwt.verify"
    given = text(token, f"{where}, token")
    if not given:
        raise unexpected(given, "a token", where)
    if require_exp is not None and not isinstance(require_exp, bool):
        raise unexpected(require_exp, "true or false for `require_exp`", where)
    try:
        claims = _claims(_signer().decode(given, _key(key, where), [_algorithm(algorithm, where)]))
    except jwt.InvalidSignatureError:
        raise _denied("the signature is wrong") from None
    except jwt.InvalidAlgorithmError as error:
        raise _denied(str(error)) from None
    except jwt.InvalidKeyError as error:
        raise invalid(f"{where}: {error}") from None
    except (jwt.PyJWTError, TypeError, ValueError) as error:
        raise _denied(str(error)) from None
    _check_times(claims, now, require_exp=require_exp is not False)
    return claims


def _check_times(claims: dict[str, Any], now: int, *, require_exp: bool) -> None:
    for name in _CHECKED:
        value = claims.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise _denied(f"claim {name} is no number")
    expires, begins = claims.get("exp"), claims.get("nbf")
    if expires is None and require_exp:
        raise _denied("it has no claim exp")
    if expires is not None and now >= expires:
        raise _denied("it has expired")
    if begins is not None and now < begins:
        raise _denied("it is not valid yet")


def _denied(why: str) -> Error:
    return Error(f"crypto.jwt.verify: token refused: {why}", INTERNAL, retryable=False)


def _algorithm(name: Any, where: str) -> str:
    if name is None:
        return DEFAULT
    if name not in ALGORITHMS:
        raise unexpected(name, f"one of {', '.join(ALGORITHMS)} as algorithm", where)
    algorithm: str = name
    return algorithm


def _key(key: Any, where: str) -> bytes:
    given = octets(key, f"{where}, key")
    if not given:
        raise invalid(f"{where}: got an empty key")
    return given


def _signer() -> Any:
    """Return what signs and checks; keys as short as scripts have them are taken without a warning."""
    from jwt import PyJWS, algorithms  # noqa: PLC0415 - imported when first used

    class AnyLength(algorithms.HMACAlgorithm):
        """HMAC with keys of any length but 0."""

        def check_key_length(self, key: bytes) -> None:
            """Say nothing."""

    signer = PyJWS(algorithms=ALGORITHMS)
    for name in ("HS256", "HS384", "HS512"):
        signer.unregister_algorithm(name)
        signer.register_algorithm(name, AnyLength(getattr(algorithms.HMACAlgorithm, f"SHA{name[2:]}")))
    return signer


def _json(payload: dict[str, Any]) -> bytes:
    return json.dumps(payload, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _claims(payload: bytes) -> dict[str, Any]:
    claims = json.loads(payload)
    if not isinstance(claims, dict):
        raise TypeError("the payload is no JSON object")
    return claims
