from actorflow.script import channel, process, time


async def main():
    done = channel.new(0)

    async def later(span, name):
        await time.sleep(span)
        await done.send(name)

    await process.start(later, "1500ms", "late")
    await process.start(later, "5ms", "soon")
    return [await done.receive(), await done.receive()]
