"""The carrier and the letter writer."""

from typing import Any

import ledger
import sqlalchemy as sa

from actorflow.script import errors


async def ship(order: dict[str, Any], shelf: str) -> dict[str, Any]:
    """Hand the goods to the carrier; some addresses are out of reach, for good."""

    def change(_connection: sa.Connection) -> str:
        if order["address"] == "moon":
            raise errors.Rejected(f"no carrier serves {order['address']}")
        return f"parcel-{order['id']}-{shelf}"

    return {"parcel": await ledger.once("ship", order, change)}


async def notify(order: dict[str, Any], subject: str) -> None:
    """Write to the customer."""
    await ledger.once("notify", order, lambda _connection: subject)
