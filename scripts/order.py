"""The order saga. Every step that changes the world registers how to undo it; a failure undoes in reverse order.

Nothing here knows whether it runs durably: on a workflow host each call is journaled and never repeated once its
result is recorded, on a process host the same lines simply run. Command for command it is the twin of `order.lua`.
"""

from contextlib import suppress
from typing import Any

from actorflow.script import channel, errors, funcs, process, time

APPROVAL_FROM = 50_000  # cents
ASK_AGAIN = "2s"


async def approved(order: dict[str, Any]) -> bool:
    """Ask the desk about an expensive order."""
    if order["amount"] < APPROVAL_FROM:
        return True
    decisions = process.listen("decision")
    while True:
        # The desk is an ephemeral actor: it may just be restarting, so ask until it answers.
        question = {"order": order["id"], "amount": order["amount"], "pid": process.pid()}
        with suppress(errors.Error):
            await process.send("desk", "approval", question)
        result = await channel.select(decisions.case_receive(), time.after(ASK_AGAIN).case_receive())
        if result.channel is decisions:
            return bool(result.value["approved"])


async def undo(steps: list[str], order: dict[str, Any]) -> None:
    """Undo what was done, last first."""
    for step in reversed(steps):
        await funcs.call(step, order)


async def main(order: dict[str, Any]) -> dict[str, Any]:
    """Bring one order to its end and say how it ended."""
    steps: list[str] = []

    try:
        reserved = await funcs.call("shop:reserve", order)
    except errors.Error as error:
        return {"order": order["id"], "status": "refused", "reason": error.message}
    steps.append("shop:release")

    if not await approved(order):
        await undo(steps, order)
        return {"order": order["id"], "status": "declined"}

    try:
        paid = await funcs.call("shop:charge", order)
    except errors.Error as error:
        await undo(steps, order)
        return {"order": order["id"], "status": "unpaid", "reason": error.message}
    steps.append("shop:refund")

    try:
        shipped = await funcs.call("shop:ship", order, reserved["shelf"])
    except errors.Error as error:
        await undo(steps, order)
        return {"order": order["id"], "status": "undeliverable", "reason": error.message}

    invoice = funcs.async_("shop:invoice_number", order)
    mail = funcs.async_("shop:notify", order, shipped["parcel"])
    number = await invoice
    await mail

    return {
        "order": order["id"],
        "status": "done",
        "payment": paid["payment"],
        "parcel": shipped["parcel"],
        "invoice": number,
    }
