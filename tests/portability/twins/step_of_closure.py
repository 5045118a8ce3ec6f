from actorflow.script import uuid, workflow


async def main(n):
    squared = await workflow.step("square", lambda x: x * x, n)
    drawn = await workflow.step("draw", lambda: len(uuid.v4()))

    async def call():
        return await workflow.step("inner", "app:double", n)

    return [squared, drawn, await workflow.step("call", call)]
