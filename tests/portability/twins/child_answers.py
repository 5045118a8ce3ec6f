from actorflow.script import funcs, process


async def main():
    value = await process.exec("app:part_adds_py", "", 20, 22)
    return [value, await funcs.call("app:mark", "parent")]
