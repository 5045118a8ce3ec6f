"""An order in Python: calls, timers, a child, and a signal that it waits for."""

from __future__ import annotations

from actorflow.script import funcs, process, time


async def order(number: int) -> int:
    """Charge three times, ship, wait for the signal, and return what all of it comes to."""
    total = 0
    for step in range(3):
        total += await funcs.call("app:charge", f"order {number} step {step}", number + step)
        await time.sleep(0.05)
    total += await process.exec("app:ship_py", "app:flows", number)
    message = await process.inbox().receive()
    return total + message.payload


async def ship(number: int) -> int:
    """Charge once more, as a child."""
    return await funcs.call("app:charge", f"ship {number}", 1)
