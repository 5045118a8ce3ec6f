"""What the workflow with every feature calls, beside the functions of the other crash tests."""

import os
from pathlib import Path
from typing import Any

from actorflow.script import activity, ctx
from tests.crash.registry.functions import once


async def beating() -> Any:
    """Tell how far it is and fail; the next attempt says what it was told."""
    if ctx.attempt == 1:
        activity.heartbeat({"rows": 7})
        raise ConnectionError("the line broke")
    return activity.heartbeat_details()


async def never() -> None:
    """Fail always."""
    raise ConnectionError("there is no line")


def book(transaction: Any, run: str) -> int:
    """Book, fail once, and return how many bookings the run has: it has no key, and must happen once."""
    transaction.execute("CREATE TABLE IF NOT EXISTS booking (run TEXT)")
    transaction.execute("INSERT INTO booking VALUES (?)", [run])
    if ctx.attempt == 1:
        raise ConnectionError("the line broke")
    return int(transaction.query("SELECT count(*) AS n FROM booking WHERE run = ?", [run])[0]["n"])


async def slot(run: str, slot: str) -> str:
    """Have an effect for a slot of a schedule."""
    once(run, slot.replace(":", "-"))
    return slot


async def told(event: dict[str, Any]) -> None:
    """Hear of the end of a run; the same delivery has the same id, however often it comes."""
    name = f"{event['id']} {event['workflow_id']} {event['state']}".replace("/", "-")
    (Path(os.environ["CRASH_PLACE"]) / "told").mkdir(exist_ok=True)
    (Path(os.environ["CRASH_PLACE"]) / "told" / name).touch()
