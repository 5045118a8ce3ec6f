"""The functions: each effect is a line of a ledger, under the key of its call."""

import os
from pathlib import Path
from typing import Any

import trio

from actorflow.errors import Rejected
from actorflow.script import ctx


def _ledger(line: Any) -> Any:
    with Path(os.environ["LEDGER"]).open("a") as ledger:
        ledger.write(f"{line} {ctx.get('invocation_id')} {ctx.get('attempt')}\n")


def reserve(order: Any) -> Any:
    _ledger(f"reserve {order}")
    return f"reserved {order}"


def ship(order: Any, number: Any) -> Any:
    _ledger(f"ship {order}")
    return {"order": order, "number": number}


def double(number: Any) -> Any:
    return 2 * number


def refuse(order: Any) -> Any:
    raise Rejected(f"no {order} today", "Conflict", {"order": order})


async def hang() -> Any:
    await trio.sleep_forever()


async def stops() -> None:
    _ledger("begun")
    try:
        await trio.sleep_forever()
    finally:
        _ledger("cleaned")


async def lingers(order: Any) -> Any:
    _ledger(f"begun {order}")
    if ctx.get("attempt") == 1:
        await trio.sleep_forever()
    return ctx.get("attempt")


def quote(item: Any) -> Any:
    return {"sku": item["sku"], "price": item["count"] * 1.5, "lines": [item]}


def charge(card: Any, cents: Any) -> Any:
    raise Rejected(f"{cents} of {card} would be charged here where nobody else does")
