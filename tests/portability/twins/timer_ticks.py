from actorflow.script import funcs, time


async def main(count):
    ticker = time.ticker("5ms")
    for n in range(1, count + 1):
        await ticker.response().receive()
        await funcs.call("app:mark", f"tick {n}")
    ticker.stop()
    return count
