from actorflow.script import funcs


async def main():
    shared = [0]
    back = await funcs.call("app:changed", [shared, shared])
    return [back, shared]
