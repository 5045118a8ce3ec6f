from actorflow.script import funcs


async def main(count):
    futures = [funcs.async_("app:double", n) for n in range(1, count + 1)]
    return [await future for future in futures]
