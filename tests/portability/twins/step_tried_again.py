from actorflow.script import funcs, workflow


async def main():
    tried = 0

    async def shaky():
        nonlocal tried
        tried += 1
        await funcs.call("app:mark", f"try {tried}")
        if tried < 3:
            raise ValueError("again")
        return tried

    return [await workflow.step("shaky", shaky, retries=2, delay="1ms"), tried]
