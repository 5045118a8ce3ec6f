from actorflow.script import funcs, process


async def main():
    await funcs.call("app:mark", "busy")
    late = process.listen("late")
    return [await late.receive(), await late.receive()]
