"""Functions of the recorded runs."""

import trio

from actorflow.script import errors


async def double(x: int) -> int:
    return 2 * x


async def refuse() -> None:
    raise errors.Rejected("not for sale")


async def slow() -> None:
    await trio.sleep(60)


async def shortly() -> None:
    await trio.sleep(0.2)


async def later(_step: object) -> None:
    await trio.sleep(0.2)


async def endless() -> None:
    await trio.sleep_forever()
