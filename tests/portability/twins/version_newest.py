from actorflow.script import funcs, workflow


async def main():
    first = workflow.version("first", 0, 3)
    await funcs.call("app:mark", f"version {first}")
    return [first, workflow.version("first", 1, 3), workflow.version("second", 2, 2)]
