from actorflow.script import ctx, errors, funcs, process


async def main():
    await process.send(ctx.get("observer"), "please", ["cancel", "enough"])
    try:
        await funcs.call("app:hang")
    except errors.Cancelled:
        await funcs.call("app:mark", "given up")
        raise
