from actorflow.script import errors, funcs


async def main(x):
    value = await funcs.call("app:triple", x)
    try:
        await funcs.call("app:triple", "no number")
    except errors.Error as error:
        return [value, error.message, error.kind, error.retryable]
