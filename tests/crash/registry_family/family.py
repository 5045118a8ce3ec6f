"""A parent with a child of each close policy and one that is brief."""

from actorflow.script import channel, funcs, process

POLICIES = ("terminate", "request_cancel", "abandon")


async def parent(me: str) -> list[str]:
    events = process.events()
    for policy in POLICIES:
        options = {"workflow.id": f"{me}-{policy}", "workflow.parent_close_policy": policy}
        await process.with_options(options).spawn("app:child_py", "app:flows", policy)
    await process.with_options({"workflow.id": f"{me}-brief"}).spawn("app:brief_py", "app:flows")
    heard, inbox = [await process.exec("app:brief_py", "app:flows")], process.inbox()
    while True:
        got = await channel.select(events.case_receive(), inbox.case_receive())
        if got.channel is inbox:
            return heard
        heard.append(got.value["result"]["value"])


async def child(policy: str) -> str:
    events, inbox = process.events(), process.inbox()
    got = await channel.select(events.case_receive(), inbox.case_receive())
    if got.channel is inbox:
        return "told"
    await funcs.call("app:note", policy)
    return "cleaned"


async def brief() -> str:
    return "brief"
