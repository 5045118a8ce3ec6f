from actorflow.script import funcs


async def main():
    return await funcs.call("app:refuse", "pears")
