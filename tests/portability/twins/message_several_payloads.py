from actorflow.script import ctx, process


async def main():
    await process.send(process.pid(), "many", 1, "two", [3])
    await process.send(process.pid(), "none")
    many, none = process.listen("many"), process.listen("none")
    await process.send(ctx.get("observer"), "many", 1, "two", [3])
    await process.send(ctx.get("observer"), "none")
    return [await many.receive(), await none.receive() is None]
