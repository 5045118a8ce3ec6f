from actorflow.script import errors, funcs


async def main():
    try:
        await funcs.call("app:refuse", "apples")
    except errors.Error as error:
        told = error.details
        return [True, error.message, error.kind, error.retryable, told["what"], told["left"]]
