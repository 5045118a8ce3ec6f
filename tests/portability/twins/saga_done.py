from actorflow.script import funcs, workflow


async def main():
    async with workflow.saga() as saga:
        room = await saga.step("room", "app:mark", "room", compensate={"call": "app:mark", "input": "undo room"})
        saga.complete()
        return [room, await funcs.call("app:mark", "end")]
