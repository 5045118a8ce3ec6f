from actorflow.script import ctx


async def main():
    known = ctx.all()
    return [known.get("trial") is not None, known.get("tenant", "none")]
