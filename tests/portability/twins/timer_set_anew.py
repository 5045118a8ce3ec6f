from actorflow.script import time


async def main():
    timer = time.timer("1h")
    running = timer.reset("5ms")
    await timer.response().receive()
    return [running, True, timer.stop()]
