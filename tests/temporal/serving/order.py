"""A workflow and a function with names and workers of their own."""

from typing import Any

from actorflow.script import funcs


async def main(number: Any) -> Any:
    return await funcs.call("app:doubled", number)


def doubled(number: Any) -> Any:
    return 2 * number
