from actorflow.script import funcs, time


async def main():
    timer = time.timer("1h")
    stopped, again = timer.stop(), timer.stop()
    await funcs.call("app:mark", "stopped")
    return [stopped, again]
