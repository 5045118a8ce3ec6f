"""Functions with every way to go wrong and on; the booking has no key: it must happen once all the same."""

from typing import Any

from actorflow.script import activity, ctx


async def flaky() -> str:
    """Fail once, then answer."""
    if ctx.attempt == 1:
        raise ConnectionError("the line broke")
    return "ok"


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
    """Book, fail once, and return how many bookings the run has."""
    transaction.execute("CREATE TABLE IF NOT EXISTS booking (run TEXT)")
    transaction.execute("INSERT INTO booking VALUES (?)", [run])
    if ctx.attempt == 1:
        raise ConnectionError("the line broke")
    return int(transaction.query("SELECT count(*) AS n FROM booking WHERE run = ?", [run])[0]["n"])


async def done() -> str:
    """Answer."""
    return "done"
