from actorflow.script import workflow


async def main():
    await workflow.tokens.set("amount", 12.5)
    await workflow.tokens.set("parts", [{"id": 1}, {"id": 2}])
    found = await workflow.tokens.all()
    return [await workflow.tokens.get("amount"), len(found["parts"]), await workflow.tokens.get("nothing") is None]
