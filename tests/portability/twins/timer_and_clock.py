from actorflow.script import time


async def main():
    before = time.now_ns()
    await time.sleep("20ms")
    after = time.now_ns()
    return [after - before >= 20_000_000, time.parse_duration("1m30s").total_seconds()]
