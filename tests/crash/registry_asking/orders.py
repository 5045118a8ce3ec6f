"""An order that is signalled, updated and approved, and a run that waits for its end."""

from typing import Any

from actorflow.script import process, workflow


async def order() -> dict[str, Any]:
    total: list[int] = []
    seen: list[int] = []

    def positive(number: int) -> bool:
        return number > 0

    def add(number: int) -> int:
        total.append(number)
        return sum(total)

    async def collect() -> None:
        async for message in process.inbox():
            if message.payload not in seen:
                seen.append(message.payload)

    workflow.set_query("total", lambda: sum(total))
    await workflow.on_update("add", add, validate=positive)
    _ = await process.start(collect)
    complete = await workflow.wait_until("complete", lambda: sum(total) >= 3 and len(seen) >= 3, timeout="1h")
    answer = await workflow.approval("refund", schema={"type": "integer"}, expiry="1h")
    return {"complete": complete, "total": sum(total), "seen": seen, "data": answer["data"], "by": answer["by"]}


async def watcher(order_id: str) -> str:
    reached = await workflow.wait_for("", order_id, "completed", timeout="1h")
    return str(reached["state"])
