"""A workflow that waits until a call which it has cancelled has ended."""

from actorflow.script import errors, funcs, workflow


async def stopping() -> object:
    calls = funcs.new().with_options({"activity.wait_for_cancellation": True})
    future = calls.async_("app:endless")
    await workflow.sleep("a while", 0.01)
    future.cancel()
    try:
        return await future
    except errors.Error as error:
        return error.kind
