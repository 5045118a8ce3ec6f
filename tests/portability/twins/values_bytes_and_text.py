from actorflow.script import funcs


async def main(data, text):
    back = await funcs.call("app:echo", [data, text])
    return [back[0] == data, back[1] == text, len(text.encode()), back]
