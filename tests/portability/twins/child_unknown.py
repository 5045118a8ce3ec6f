from actorflow.script import errors, process


async def main():
    kinds = []
    for verb in (process.spawn, process.exec):
        try:
            await verb("app:nobody wrote this", "")
        except errors.Error as error:
            kinds.append(error.kind)
    return kinds
