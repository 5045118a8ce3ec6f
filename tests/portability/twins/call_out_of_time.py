from actorflow.script import errors, funcs


async def main():
    hasty = funcs.new().with_options(timeout=0.06)
    try:
        await hasty.call("app:hang")
    except errors.Error as error:
        return [error.kind, await funcs.call("app:mark", "afterwards")]
