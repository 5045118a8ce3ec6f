"""The calls of the crash matrix of calls; `flows.lua` is the twin."""

from typing import Any

from actorflow.script import errors, funcs

QUICK = funcs.with_options(retry={"initial_delay": "2ms"})
SHORT = funcs.with_options(retry={"initial_delay": "5ms", "backoff_factor": 1}, timeout="40ms")


async def main(run: str) -> dict[str, Any]:
    """Make one call of each sort."""
    booked = QUICK.async_("app:book", run)
    flaky = await QUICK.call("app:flaky")
    beaten = await QUICK.call("app:beating")
    asked = await funcs.call("app:asking")
    closed = failed = ""
    try:
        failed = await funcs.call("app:failing")
    except errors.Error as error:
        failed = error.kind
    try:
        await SHORT.call("app:never")
    except errors.Error as error:
        closed = error.kind
    return {
        "flaky": flaky, "beaten": beaten, "booked": await booked, "asked": asked, "failed": failed, "closed": closed
    }  # fmt: skip
