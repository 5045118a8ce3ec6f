from actorflow.script import funcs, workflow


async def main():
    return [await workflow.wait_until("never", lambda: False, timeout="5ms"), await funcs.call("app:mark", "over")]
