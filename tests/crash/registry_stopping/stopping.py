"""A parent that is cancelled while it waits for its child, and the child, which cleans up."""

from actorflow.script import errors, funcs, process, time


async def parent(me: str, cancellation: str) -> str:
    """Wait for a child as the type of cancellation says, and go on."""
    options = {
        "workflow.id": f"{me}-child",
        "workflow.parent_close_policy": "abandon",
        "workflow.cancellation_type": cancellation,
    }
    try:
        return await process.with_options(options).exec("app:child_py", "app:flows", me)
    except errors.Cancelled:
        await funcs.call("app:note", me, "after")
        return "given up"


async def child(me: str) -> str:
    """Wait for a message; clean up when asked to stop."""
    try:
        await funcs.call("app:note", me, "begun")
        await process.inbox().receive()
    except errors.Cancelled:
        await time.sleep("5ms")
        await funcs.call("app:note", me, "cleaned")
        raise
    return "went"
