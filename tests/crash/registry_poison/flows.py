"""A workflow whose call kills the node, and neighbours that have calls under way all the time."""

from actorflow.script import funcs


async def poison() -> str:
    """Call what kills."""
    return await funcs.call("app:kill")


async def good() -> list[str]:
    """Call what takes a while, a few times."""
    return [await funcs.call("app:slow") for _ in range(4)]
