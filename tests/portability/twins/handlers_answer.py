from actorflow.script import channel, ctx, funcs, process, workflow


async def main():
    total, done = [0], channel.new(1)

    def positive(n):
        if n < 0:
            raise ValueError("negative")

    def add(n):
        total[0] += n
        return total[0]

    async def end():
        await done.send(True)
        return "ended"

    workflow.set_query("total", lambda: total[0])
    await workflow.on_update("add", add, validate=positive)
    await workflow.on_update("end", end)
    await process.send(ctx.get("observer"), "please", ["ask"])
    await done.receive()
    return [total[0], await funcs.call("app:mark", "answered")]
