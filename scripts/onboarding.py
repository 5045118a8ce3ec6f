"""Welcomes a new customer over days. Each sleep survives restarts and deploys; so does the place in the loop."""

from typing import Any

from actorflow.script import funcs, time

LETTERS = ("welcome", "first-steps", "how-is-it-going")


async def main(customer: dict[str, Any]) -> dict[str, Any]:
    """Write the letters, one each `pause` (a duration such as `24h`, the default)."""
    pause = customer.get("pause", "24h")
    for number, letter in enumerate(LETTERS):
        if number:
            await time.sleep(pause)
        await funcs.call("shop:notify", {"id": customer["id"]}, letter)
    return {"customer": customer["id"], "letters": len(LETTERS)}
