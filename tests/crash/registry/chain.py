"""A run that takes signals until the last one and continues as a new one after every third: four runs in all."""

from typing import Any

from actorflow.script import funcs, process, workflow


async def chain(got: list[int], runs: list[str]) -> dict[str, Any]:
    version = workflow.version("chain", 1, 2)
    runs = [*runs, workflow.info()["run_id"]]
    listener = process.listen("n")
    while True:
        number = await listener.receive()
        got = [*got, number]
        await funcs.call("app:step", runs[0], f"got {len(got)}", 0)
        if number == 11:
            return {"got": got, "runs": len(runs), "version": version}
        if len(got) >= 3 * len(runs) and len(runs) < 4:
            await workflow.continue_as_new(got, runs)
