from actorflow.script import errors, process


async def main():
    seen = []
    for topic in ("@system", ""):
        try:
            await process.send(process.pid(), topic, 1)
        except errors.Error as error:
            seen.append(error.kind)
    try:
        await process.send("nobody by this name", "topic", 1)
    except errors.Error as error:
        return [seen, error.kind]
