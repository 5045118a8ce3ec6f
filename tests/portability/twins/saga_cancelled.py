from actorflow.script import ctx, process, time, workflow


async def main():
    async with workflow.saga() as saga:
        await saga.step("room", "app:mark", "room", compensate={"call": "app:mark", "input": "undo room"})
        await process.send(ctx.get("observer"), "please", ["cancel", "enough"])
        await time.sleep("1h")
