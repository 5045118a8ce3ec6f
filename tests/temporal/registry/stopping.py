"""Who gives a wait up, for a child or for a call, and who cleans up then."""

from actorflow.script import errors, funcs, process


async def main(options: dict[str, object], what: str) -> str:
    """Wait for a child or a call, as the options say, and go on when that is given up."""
    try:
        if what == "call":
            await funcs.new().with_options(options).call("app:stops")
        else:
            await process.with_options(options).exec("app:cleans", "app:worker")
    except errors.Cancelled:
        await funcs.call("app:reserve", "after")
        return "Canceled"
    return "went"


async def cleans() -> str:
    """Clean up once that is asked for, and once more may be."""
    stay, clean = process.listen("stay"), process.listen("clean")
    await funcs.call("app:reserve", "begun")
    try:
        await stay.receive()
    except errors.Cancelled:
        await clean.receive()
        await funcs.call("app:reserve", "cleaned")
        raise
    return "went"
