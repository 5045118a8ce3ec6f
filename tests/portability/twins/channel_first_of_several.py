from actorflow.script import channel


async def main():
    never, one, two = channel.new(0), channel.new(1), channel.new(1)
    await two.send("two")
    await one.send("one")
    return [(await channel.select(never, one, two)).value for _ in range(2)]
