from actorflow.script import process


async def main():
    inherited = await process.exec("app:part_context_py", "")
    given = await process.with_context(tenant="acme").exec("app:part_context_py", "")
    return [inherited, given]
