"""The bank: charges cards and gives the money back. Some cards are refused, and its line breaks now and then."""

from typing import Any

import ledger
import sqlalchemy as sa

from actorflow.script import ctx, errors


async def charge(order: dict[str, Any]) -> dict[str, Any]:
    """Charge the card.

    A refused card is a business answer: Rejected, never retried. The broken line of a `flaky` card is a crash: the
    first attempt fails, the next one succeeds.
    """

    def change(_connection: sa.Connection) -> str:
        if order["card"] == "refused":
            raise errors.Rejected("card refused")
        return f"pay-{order['id']}"

    if order["card"] == "flaky" and ctx.get("attempt") == 1:
        raise ConnectionError("the line to the bank broke")
    return {"payment": await ledger.once("charge", order, change)}


async def refund(order: dict[str, Any]) -> None:
    """Give the money back."""
    await ledger.once("refund", order, lambda _connection: "refunded")
