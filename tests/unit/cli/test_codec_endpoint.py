"""The codec endpoint: what is CBOR is shown as JSON."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from base64 import b64decode, b64encode
from typing import Any

import pytest

from actorflow.cli.codec_endpoint import answer, decoded, server
from actorflow.codec import encode
from actorflow.errors import Failure


def payload(encoding: str, data: bytes) -> dict[str, Any]:
    return {"metadata": {"encoding": b64encode(encoding.encode()).decode()}, "data": b64encode(data).decode()}


def test_cbor_is_shown_as_json_and_everything_else_stays() -> None:
    shown = decoded(payload("binary/cbor", encode({1: "one", "error": Failure("no", "Conflict")})))
    assert b64decode(shown["metadata"]["encoding"]) == b"json/plain"
    value = json.loads(b64decode(shown["data"]))
    assert value["1"] == "one"
    assert value["error"]["kind"] == "Conflict"
    for other in (payload("json/plain", b"5"), payload("binary/cbor", b"\xff\xff"), {}):
        assert decoded(other) == other


@pytest.mark.parametrize("body", [b"", b"5", b"{}", b'{"payloads": 5}', b'{"payloads": [5]}'])
def test_what_is_no_request_has_no_answer(body: bytes) -> None:
    assert answer("/decode", body) is None


def test_it_is_served_on_loopback_for_one_origin() -> None:
    with server(0, "http://ui") as endpoint:
        threading.Thread(target=endpoint.serve_forever, daemon=True).start()
        place = f"http://127.0.0.1:{endpoint.server_port}"
        body = json.dumps({"payloads": [payload("binary/cbor", encode({2: 3}))]}).encode()
        with urllib.request.urlopen(f"{place}/decode", body) as got:  # noqa: S310 - our own server
            assert got.headers["Access-Control-Allow-Origin"] == "http://ui"
            assert b64decode(json.load(got)["payloads"][0]["data"]) == b'{"2": 3}'
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{place}/decode", b"no")  # noqa: S310
        caught.value.close()
        assert caught.value.code == 400
        endpoint.shutdown()
