from actorflow.script import channel


async def main():
    box = channel.new(2)
    await box.send("a")
    await box.send("b")
    full = await channel.select(box.case_send("c"), default=True)
    box.close()
    seen = [item async for item in box]
    return [full.index == -1, seen]
