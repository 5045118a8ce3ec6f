from actorflow.script import errors, process


async def main():
    try:
        await process.exec("app:part_fails_py", "")
    except errors.Error as error:
        return [error.kind, error.retryable, error.details["why"]]
