"""What order.py becomes one day; the twin of changed.lua."""

from typing import Any

from actorflow.script import funcs


async def main(order: Any) -> Any:
    return await funcs.call("app:refuse", order)
