from actorflow.script import workflow


async def main(items):
    one_by_one = await workflow.map("one", items, "app:double", limit=1)
    together = await workflow.map("all", items, lambda item, *_: item + 1)
    return [one_by_one, together]
