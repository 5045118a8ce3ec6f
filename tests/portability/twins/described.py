from actorflow.script import process, workflow


async def main():
    workflow.attrs(memo={"note": "hello"})
    info = workflow.info()
    return ["workflow_id" in info, info["attempt"], info["workflow_id"] in process.pid()]
