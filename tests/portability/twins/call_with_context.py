from actorflow.script import funcs


async def main():
    as_tenant = funcs.new().with_context(tenant="acme", depth=2)
    other = as_tenant.with_context(depth=3)
    return [
        await as_tenant.call("app:seen", "tenant", "depth"),
        await other.call("app:seen", "tenant", "depth"),
        await funcs.call("app:seen", "tenant"),
    ]
