from actorflow.script import funcs


async def main(x):
    return [await funcs.call("app:double", x), await funcs.call("app:mark", "done")]
