"""A run that is asked to add numbers and continues as a new one after every third: three runs in all."""

from typing import Any

from actorflow.script import channel, funcs, time, workflow


async def over(me: str, turn: int, added: list[int]) -> dict[str, Any]:
    """Add what updates bring; one handler never ends, and one is there in the last run only."""
    done = channel.new(9)

    async def add(number: int) -> list[int]:
        await funcs.call("app:step", me, f"added {number}", 0)
        added.append(number)
        await done.send(number)
        return [turn, number]

    async def slow() -> None:
        await time.sleep("1h")

    await workflow.on_update("add", add)
    if turn == 1:
        await workflow.on_update("slow", slow)
    if turn == 3:
        await workflow.on_update("later", lambda: turn)
    while len(added) < 3 * turn:
        await done.receive()
    if turn < 3:
        await workflow.continue_as_new(me, turn + 1, added)
    await workflow.wait_until("updates", workflow.all_handlers_finished)
    return {"added": added, "turn": turn}
