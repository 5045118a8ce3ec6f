"""Why a connection to a server was not made, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from actorflow.errors import PERMISSION_DENIED, Error, unavailable

_DENIED: Final = re.compile(
    r"code: (Unauthenticated|PermissionDenied)|^(Request unauthorized|no permission)", re.IGNORECASE
)
_CLOSED: Final = re.compile(r"error after connection|fatal alert")
_OF_THE_SERVER: Final[Mapping[str, str]] = {
    "UnknownIssuer": "the certificate of the server is signed by somebody unknown: name theirs with tls.ca_file",
    "NotValidForName": "the certificate of the server is for another name: write that name to tls.server_name",
    "Expired": "the certificate of the server has expired",
    "InvalidContentType": "the server does not encrypt: leave out tls and auth",
    "corrupt message": "the server does not encrypt: leave out tls and auth",
}
_KEY_ADVICE: Final[Mapping[str, str]] = {
    "api_key": "the server does not take the key: look at auth.api_key, auth.api_key_env or auth.api_key_file",
    "mtls": "the server lets this certificate in, and may want a key besides; it cannot have both",
    "none": "the server wants to know who asks: auth.type: api_key, or mtls",
}
_LENGTH: Final = 300


def refused(entry: str, config: Any, error: Exception, *, denied: bool = False) -> Error:
    """Return why `entry` has no connection; `denied` is whether the server itself has said that it may not have one."""
    text = str(error) or type(error).__name__
    where = f"{entry}: no connection to Temporal at {config.address}, namespace {config.namespace!r}"
    advice = _advice(config, text, denied=denied)
    told = f"{where}: {text:.{_LENGTH}}" if not advice else f"{where}: {advice} ({text:.{_LENGTH}})"
    if denied or _DENIED.search(text):
        return Error(told, PERMISSION_DENIED, retryable=False)
    return unavailable(told)


def _advice(config: Any, text: str, *, denied: bool) -> str:
    if denied or _DENIED.search(text):
        return _KEY_ADVICE[config.auth.type]
    for part, advice in _OF_THE_SERVER.items():
        if part in text:
            return advice
    return _closed(config) if _CLOSED.search(text) else ""


def _closed(config: Any) -> str:
    """Return what a server may want that closes the connection without a word, or with a TLS alert."""
    if config.auth.type == "mtls":
        return "the server has closed the connection: it may not trust who signed auth.cert_file"
    if config.auth.type == "api_key" or (config.tls is not None and config.tls.enabled):
        return "the server has closed the connection: it may want a certificate of yours, auth.type: mtls"
    return "the server has closed the connection: it may want it encrypted, tls: {enabled: true}"
