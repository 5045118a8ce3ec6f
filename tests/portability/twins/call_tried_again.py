from actorflow.script import errors, funcs


async def main():
    retry = {"initial_delay": "1ms", "max_delay": "1ms", "max_attempts": 4}
    patient = funcs.new().with_options(retry=retry)
    third = await patient.call("app:flaky", 3)
    try:
        await patient.call("app:flaky", 9)
    except errors.Error as error:
        return [third, error.kind]
