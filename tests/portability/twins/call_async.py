from actorflow.script import funcs


async def main():
    one = funcs.async_("app:double", 4)
    two = funcs.async_("app:mark", "two")
    second = await two
    first = await one
    return [first, second]
