from actorflow.script import channel, process


async def main():
    out, back = channel.new(0), channel.new(0)

    async def answer():
        await back.send(f"got {await out.receive()}")

    await process.start(answer)
    first = await channel.select(out.case_send("x"), back.case_receive())
    second = await channel.select(back.case_receive())
    return [first.channel is out, second.value]
