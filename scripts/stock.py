"""The warehouse: reserves goods and puts them back."""

from typing import Any

import ledger
import sqlalchemy as sa

from actorflow.script import errors


async def reserve(order: dict[str, Any]) -> dict[str, Any]:
    """Take the goods off the shelf; refuses, for good, when there are not enough."""

    def change(connection: sa.Connection) -> str:
        taken = connection.execute(
            sa.update(ledger.stock)
            .where(ledger.stock.c.sku == order["sku"], ledger.stock.c.quantity >= order["quantity"])
            .values(quantity=ledger.stock.c.quantity - order["quantity"])
        )
        if not taken.rowcount:
            raise errors.Rejected(f"out of stock: {order['sku']}")
        return f"shelf-{ledger.hash_of(order['sku']) % 9}"

    return {"shelf": await ledger.once("reserve", order, change)}


async def release(order: dict[str, Any]) -> None:
    """Put reserved goods back."""

    def change(connection: sa.Connection) -> str:
        connection.execute(
            sa.update(ledger.stock)
            .where(ledger.stock.c.sku == order["sku"])
            .values(quantity=ledger.stock.c.quantity + order["quantity"])
        )
        return "released"

    await ledger.once("release", order, change)
