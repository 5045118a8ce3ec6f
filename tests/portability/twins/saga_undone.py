from actorflow.script import workflow


async def main():
    async with workflow.saga() as saga:
        await saga.step("room", "app:mark", "room", compensate={"call": "app:mark", "input": "undo room"})
        await saga.step("card", "app:mark", "card", compensate={"call": "app:mark", "input": "undo card"})
        saga.defer(lambda: workflow.step("tell", "app:mark", "deferred"))
        await saga.step("ship", "app:refuse", "ship")
