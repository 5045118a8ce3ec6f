from actorflow.script import process


async def main():
    answers = process.listen("answer")
    pid = await process.spawn_monitored("app:part_talks_py", "", process.pid())
    hello = await process.inbox().receive()
    told = hello.sender == pid
    for n in (1, 2, 3):
        await process.send(pid, "ask", n)
    seen = [await answers.receive() for _ in range(3)]
    await process.send(pid, "end")
    return [told, seen, (await process.events().receive()).value]
