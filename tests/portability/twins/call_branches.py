from actorflow.script import funcs


async def main(amount):
    total = 0
    for n in range(1, amount + 1):
        doubled = await funcs.call("app:double", n)
        if doubled % 3 == 0:
            await funcs.call("app:mark", f"three at {n}")
        else:
            total += doubled
    return total
