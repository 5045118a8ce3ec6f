from actorflow.script import funcs, process


async def main(depth):
    if depth == 0:
        return await funcs.call("app:mark", "bottom")
    value = await process.exec("app:child_of_child_py", "", depth - 1)
    await funcs.call("app:mark", f"up {depth}")
    return [depth, value]
