"""The twin of order.lua."""

from typing import Any

from actorflow.script import channel, errors, funcs, process, time, uuid


async def main(order: Any) -> Any:
    try:
        reserved = await funcs.call("app:reserve", order)
    except errors.Error as error:
        return {"status": "refused", "reason": error.message}
    approve = process.listen("approve")
    later = time.after("1m")
    chosen = await channel.select(approve, later)
    if chosen.channel is not approve:
        return {"status": "timed out"}
    number = uuid.v4()
    shipped = await funcs.call("app:ship", order, number)
    return {"status": "shipped", "reserved": reserved, "number": number, "shipped": shipped, "by": chosen.value["by"]}
