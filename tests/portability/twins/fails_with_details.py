from actorflow.script import errors, funcs


async def main(what):
    await funcs.call("app:mark", "before")
    raise errors.Rejected(f"no {what}", errors.CONFLICT, {"what": what, "list": [1, 2]})
