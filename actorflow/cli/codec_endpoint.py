"""The codec endpoint of Temporal's tools: shows the payloads that are CBOR as JSON, and leaves all others as they are.

The protocol is that of Temporal's remote codecs: `POST /decode` and `/encode` with `{"payloads": [{"metadata",
"data"}]}`, both in base64. It decodes nothing that is secret: whoever reaches it has the payloads.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from actorflow.cli.output import plain
from actorflow.codec import decode_foreign
from actorflow.errors import Error

CBOR: Final = "binary/cbor"
_JSON: Final = b"json/plain"
_MOST: Final = 16 * 1024 * 1024
"""Bytes of a request that are read."""


def decoded(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return a payload as people read it; one that is not ours, or damaged, as it is."""
    encoding = b64decode(payload.get("metadata", {}).get("encoding", "")).decode(errors="replace")
    if encoding != CBOR:
        return dict(payload)
    try:
        value = decode_foreign(b64decode(payload.get("data", "")))
    except Error:
        return dict(payload)
    text = json.dumps(plain(value), ensure_ascii=False, default=str).encode()
    return {"metadata": {"encoding": b64encode(_JSON).decode()}, "data": b64encode(text).decode()}


def answer(path: str, body: bytes) -> dict[str, Any] | None:
    """Return the answer to a request, None when it is none.

    What is encoded stays as it is: tools write JSON, which workers read.
    """
    try:
        payloads = json.loads(body)["payloads"]
        if path.endswith("/decode"):
            return {"payloads": [decoded(payload) for payload in payloads]}
        return {"payloads": payloads} if path.endswith("/encode") else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def server(port: int, origin: str) -> ThreadingHTTPServer:
    """Return a server on loopback for pages of `origin`; `serve_forever` serves it."""

    class Handler(BaseHTTPRequestHandler):
        def do_OPTIONS(self) -> None:
            """Tell a browser that it may ask."""
            self._reply(204, b"")

        def do_POST(self) -> None:
            """Decode or encode."""
            size = int(self.headers.get("Content-Length") or 0)
            found = answer(self.path, self.rfile.read(size)) if 0 < size <= _MOST else None
            self._reply(400 if found is None else 200, json.dumps(found).encode())

        def log_message(self, *_line: object) -> None:
            """Log nothing."""

        def _reply(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Access-Control-Allow-Origin", origin)
            self.send_header("Access-Control-Allow-Headers", "content-type,x-namespace")
            self.send_header("Access-Control-Allow-Methods", "POST,OPTIONS")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)
