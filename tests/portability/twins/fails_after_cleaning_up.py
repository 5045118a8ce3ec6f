from actorflow.script import errors, funcs


async def main():
    try:
        await funcs.call("app:mark", "work")
        raise errors.Error("broken", errors.UNAVAILABLE, retryable=False)
    except errors.Error as error:
        await funcs.call("app:mark", "clean")
        return [False, error.kind, error.message]
