from actorflow.script import funcs, uuid


async def main():
    one, two = uuid.v4(), uuid.v4()
    await funcs.call("app:mark", "drawn")
    return [one, two, one, len(one), one != two, uuid.version(one)]
