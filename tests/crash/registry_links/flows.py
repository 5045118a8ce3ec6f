"""The links of chains, and a run that reads what it was started with."""

from actorflow.script import errors, funcs, process, workflow


async def link() -> None:
    """Be one link of a schedule."""
    await funcs.call("app:note", workflow.info()["run_id"])


async def shaky(times: int) -> int:
    """Fail in the first attempts."""
    info = workflow.info()
    await funcs.call("app:note", info["run_id"])
    if info["attempt"] <= times:
        raise errors.Error("not yet", retryable=True)
    return int(info["attempt"])


async def mail() -> list[object]:
    """Return what has come before the last message."""
    got: list[object] = []
    async for message in process.inbox():
        if message.topic == "last":
            return got
        got.append(message.payload)
    return got
