from actorflow.script import workflow


async def main():
    both = await workflow.parallel(
        [lambda: workflow.step("left", "app:double", 1), lambda: workflow.step("right", "app:double", 2)]
    )
    some = await workflow.parallel(
        [lambda: workflow.step("good", "app:double", 3), lambda: workflow.step("bad", "app:refuse", "all")],
        errors="collect",
    )
    return [both, some[0], some[1].kind]
