from actorflow.script import errors


async def main():
    raise errors.Rejected("no", errors.CONFLICT, {"why": "so"})
