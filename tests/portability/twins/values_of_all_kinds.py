from actorflow.script import funcs


async def main(value):
    back = await funcs.call("app:echo", value)
    return [back, back["number"] == value["number"], back["list"][2], back.get("nothing") is None]
