"""The functions that the twins call; who called which, with what, is written down by the ledger of the trials."""

from typing import Any

import trio

from actorflow.errors import Rejected
from actorflow.script import ctx


def double(n: Any) -> Any:
    return 2 * n


def mark(text: Any) -> Any:
    return text


def echo(*values: Any) -> Any:
    return values[0] if len(values) == 1 else list(values)


def changed(pair: Any) -> Any:
    pair[0].append(1)
    return pair


def refuse(what: Any) -> Any:
    raise Rejected(f"no {what} today", "Conflict", {"what": what, "left": 0})


def flaky(good: Any) -> Any:
    attempt = ctx.get("attempt")
    if attempt < good:
        raise ConnectionError("lost")
    return attempt


def seen(*keys: Any) -> Any:
    known = ctx.all()
    return [known.get(key) for key in keys]


async def hang() -> Any:
    await trio.sleep_forever()


def heard(topic: Any, payloads: Any) -> Any:
    return [topic, payloads]
