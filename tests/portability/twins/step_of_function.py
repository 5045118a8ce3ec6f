from actorflow.script import errors, workflow


async def main(price):
    doubled = await workflow.step("price", "app:double", price)
    try:
        await workflow.step("refuse", "app:refuse", "figs")
    except errors.Error as error:
        return [doubled, error.kind, error.message]
