from actorflow.script import errors, funcs


async def main():
    future = funcs.async_("app:hang")
    await funcs.call("app:mark", "before")
    opened = future.cancel()
    try:
        await future
    except errors.Error as error:
        kind = error.kind
    await funcs.call("app:mark", "after")
    return [opened, future.cancelled, kind]
