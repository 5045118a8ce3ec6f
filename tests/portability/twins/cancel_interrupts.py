from actorflow.script import ctx, errors, funcs, process, time


async def main():
    await process.send(ctx.get("observer"), "please", ["cancel", "enough"])
    try:
        await time.sleep("1h")
    except errors.Cancelled:
        return [False, errors.CANCELED, await funcs.call("app:mark", "cleaned")]
