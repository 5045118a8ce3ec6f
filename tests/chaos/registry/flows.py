"""Runs in Python: calls, timers, a child, signals, a saga that is undone, a key, and what a schedule starts."""

from __future__ import annotations

from typing import Any

from actorflow.script import ctx, funcs, process, time, workflow


async def order(number: int, signals: int) -> int:
    """Charge three times, ship, take the signals in order, and return what all of it comes to."""
    total = 0
    for step in range(3):
        total += await funcs.call("app:charge", f"order {number} step {step}", number + step)
        await time.sleep(0.05)
    total += await process.exec("app:ship_py", "app:flows", number)
    last = 0
    while last < signals:
        message = await process.inbox().receive()
        if message.payload > last + 1:
            raise ValueError(f"signal {message.payload} came after {last}")
        last = max(last, message.payload)
    return total + last


async def ship(number: int) -> int:
    """Charge once more, as a child."""
    return await funcs.call("app:charge", f"ship {number}", 1)


async def guarded(given: dict[str, Any]) -> int:
    """Do two things between which nobody else with the same key does any."""
    await funcs.call("app:charge", f"guarded {given['number']} begins", 0)
    await time.sleep(0.03)
    await funcs.call("app:charge", f"guarded {given['number']} ends", 0)
    return given["number"]


async def nap(number: int, milliseconds: int) -> int:
    """Sleep between two effects."""
    await funcs.call("app:charge", f"nap {number} begins", 0)
    await time.sleep(milliseconds / 1000)
    await funcs.call("app:charge", f"nap {number} ends", 0)
    return number


async def refund(number: int) -> None:
    """Take something, and give it back when asked to stop."""
    async with workflow.saga() as saga:
        saga.defer(lambda: funcs.call("app:charge", f"refund {number} given back", 0))
        await funcs.call("app:charge", f"refund {number} taken", 0)
        await process.inbox().receive()


async def tick() -> None:
    """Say for which slot of the schedule it is."""
    slot = ctx.get("schedule")["slot"]
    await funcs.call("app:charge", f"tick {slot}", 0)
