"""Actors and scopes on all hosts and in both languages: what travels, what is refused, and what a replay repeats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actorflow.errors import PERMISSION_DENIED, Error
from actorflow.node.guard import ACTOR, SCOPE
from actorflow.registry.change import Change
from actorflow.registry.live import LiveRegistry
from tests.conformance.hosts.place import ACTORS, FLOWS, HOSTS, Place

CLERK = {ACTOR: {"id": "clerk", "meta": {"level": 1}}, SCOPE: ["app:some"]}
SOME = {
    "actions": ["funcs.call", "process.host", "process.exec"],
    "resources": ["app:who*", "app:flows", "app:actors"],
    "effect": "allow",
}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.entries["some"] = {"kind": "security.policy", "policy": SOME}
    made.entries["all"] = {"kind": "security.policy", "policy": {"actions": "*", "resources": "*", "effect": "allow"}}
    made.python(
        "who",
        """
        from actorflow.script import security
        def main():
            actor, scope = security.actor(), security.scope()
            return [actor and actor.id, sorted(scope.policies) if scope else None]
        """,
        "function",
    )
    made.lua("who_lua", "local function main() return 'lua' end", "function")
    made.lua("secret", "local function main() return 'secret' end", "function")
    made.python(
        "asks_py",
        """
        from actorflow.script import errors, funcs, process
        async def attempt(what):
            try:
                return await what
            except errors.Error as error:
                return [error.kind, error.message]
        async def main(host):
            return [
                await attempt(funcs.call("app:who")),
                await attempt(funcs.call("app:secret")),
                await attempt(process.spawn("app:asks_py", host)),
                await attempt(process.send("{local@app:actors|0x1}", "topic")),
                await attempt(process.terminate("somebody")),
                await attempt(process.registry.register("me")),
                await attempt(process.with_name("x").exec("app:who_process", host)),
            ]
        """,
    )
    made.lua(
        "asks_lua",
        """
        local function attempt(value, err)
          if err then return {err:kind(), err:message()} end
          return value
        end
        local function main(host)
          return {
            attempt(funcs.call("app:who")),
            attempt(funcs.call("app:secret")),
            attempt(process.spawn("app:asks_py", host)),
            attempt(process.send("{local@app:actors|0x1}", "topic")),
            attempt(process.terminate("somebody")),
            attempt(process.registry.register("me")),
            attempt(process.with_name("x"):exec("app:who_process", host)),
          }
        end
        """,
    )
    made.lua("who_process", "local function main() return funcs.call('app:who') end")
    return made


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("entry", ["app:asks_py", "app:asks_lua"])
async def test_each_action_is_judged_on_all_hosts_in_both_languages(place: Place, entry: str, host: str) -> None:
    async with place.node() as node:
        answers = await node.exec(entry, host=host, args=[host], context=CLERK, timeout=20)
        free = await node.exec("app:who_process", host=host, timeout=20)
    assert answers[0] == ["clerk", ["app:some"]]
    assert free == [None, None]
    refused = [
        "funcs.call on 'app:secret'",
        "process.spawn on 'app:asks_py'",
        "process.send on '{local@app:actors|0x1}'",
        "process.terminate on 'somebody'",
        "process.registry.register on 'me'",
        "process.registry.register on 'x'",
    ]
    for (kind, text), action in zip(answers[1:], refused, strict=True):
        assert kind == PERMISSION_DENIED
        assert f"permission denied: {action} by 'clerk'" in text


@pytest.mark.parametrize("host", HOSTS)
async def test_actor_and_scope_reach_children_and_what_they_call(place: Place, host: str) -> None:
    main = place.lua("parent", f"local function main() return process.exec('app:who_process', '{host}') end")
    async with place.node() as node:
        assert await node.exec(main, host=host, context=CLERK, timeout=20) == ["clerk", ["app:some"]]


async def test_a_verdict_is_recorded_and_repeated_by_a_replay(place: Place) -> None:
    """The policy changes while the run sleeps; what was refused stays refused, and the run goes on after a restart."""
    main = place.lua(
        "patient",
        """
        local function main()
          local _, first = funcs.call("app:secret")
          process.listen("go"):receive()
          local value, second = funcs.call("app:secret")
          return {first and first:kind(), value, second == nil}
        end
        """,
    )
    async with place.node() as node:
        pid = await node.spawn(main, host=FLOWS, context=CLERK, options={"workflow.id": "one"})
    place.entries["some"]["policy"] = {"actions": "*", "resources": "*", "effect": "allow"}
    async with place.node() as node:
        await node.send(pid, "go")
        assert await node.wait(pid, timeout=20) == [PERMISSION_DENIED, "secret", True]


async def test_python_functions_that_run_as_an_actor_are_judged(place: Place) -> None:
    main = place.python(
        "performs",
        """
        from actorflow.script import errors, events, security
        async def main():
            try:
                await events.send("orders", "created", "1")
            except errors.Error as error:
                return [error.kind, error.message, await security.can("funcs.call", "app:who")]
            return "sent"
        """,
        "function",
    )
    async with place.node() as node:
        kind, text, can = await node.call(main, context=CLERK, timeout=20)
        assert (kind, can) == (PERMISSION_DENIED, True)
        assert "events.send on 'orders'" in text
        assert await node.call(main, timeout=20) == "sent"


async def test_python_builders_and_tokens(place: Place) -> None:
    place.entries["tokens"] = {"kind": "security.token_store"}
    main = place.python(
        "builds",
        """
        from actorflow.script import errors, funcs, process, security
        async def main():
            clerk = security.Actor("clerk", {"level": 2})
            scope = security.new_scope(["app:some"]).with_("app:all")
            store = await security.token_store("app:tokens")
            token = await store.create(clerk, scope, expiration="5m")
            actor, granted = await store.validate(token)
            await store.revoke(token)
            try:
                await store.validate(token)
            except errors.Error as error:
                gone = error.kind
            called = await funcs.with_actor(actor).with_scope(granted).call("app:who")
            ran = await process.with_actor(actor).with_scope(granted.without("app:all")).exec("app:who_process", "app:actors")
            verdict = await scope.evaluate(clerk, "any", "thing")
            try:
                funcs.with_context({"@actor": {"id": "root"}})
            except errors.Error as error:
                return [called, ran, verdict, gone, error.kind]
        """,
    )
    async with place.node() as node:
        assert await node.exec(main, host=ACTORS, timeout=20) == [
            ["clerk", ["app:all", "app:some"]],
            ["clerk", ["app:some"]],
            "allow",
            "NotFound",
            "Invalid",
        ]


async def test_a_strict_node_refuses_whoever_has_no_actor(place: Place) -> None:
    (place.path / "node.yaml").write_text("security: {strict_mode: true}\n")
    context = {**CLERK, SCOPE: ["app:all"]}
    async with place.node() as node:
        for host in HOSTS:
            answers = await node.exec("app:asks_py", host=host, args=[host], timeout=20)
            assert {kind for kind, _ in answers} == {PERMISSION_DENIED}
            assert "strict" in answers[0][1]
            assert await node.exec("app:who_process", host=host, context=context, timeout=20) == ["clerk", ["app:all"]]


async def test_a_policy_counts_from_the_moment_it_changes(place: Place) -> None:
    context = {**CLERK, SCOPE: ["app:all"]}

    def judged(effect: str) -> Change:
        policy: dict[str, Any] = {"actions": "funcs.*", "resources": "*", "effect": effect}
        return Change("update", "app:all", data={"policy": policy})

    async with place.node() as node:
        registry = node.registry
        assert isinstance(registry, LiveRegistry)
        assert await node.exec("app:who_process", host=ACTORS, context=context, timeout=20) == ["clerk", ["app:all"]]
        registry.apply([judged("deny")])
        with pytest.raises(Error, match="a policy of its scope denies it") as caught:
            await node.exec("app:who_process", host=ACTORS, context=context, timeout=20)
        assert caught.value.kind == PERMISSION_DENIED
        registry.apply([judged("allow")])
        assert await node.exec("app:who_process", host=ACTORS, context=context, timeout=20) == ["clerk", ["app:all"]]


async def test_a_group_with_a_policy_that_cannot_be_used_refuses_everything(place: Place) -> None:
    """It might deny: ignoring it would allow what nobody wanted."""
    place.entries["all"]["groups"] = ["staff", "team"]
    place.entries["broken"] = {"kind": "security.policy", "groups": ["staff"], "policy": {"effect": "denny"}}
    place.entries["foreign"] = {"kind": "security.policy.expr", "groups": ["team"], "policy": {"expression": "false"}}
    main = place.python(
        "groups",
        """
        from actorflow.script import errors, funcs, security
        async def main():
            said = []
            for group in ("staff", "team"):
                staff = await security.named_scope(group)
                try:
                    await funcs.with_actor(security.Actor("x")).with_scope(staff).call("app:who_through")
                except errors.Error as error:
                    said.append([error.kind, error.message])
            return said
        """,
    )
    place.lua("who_through", "local function main() return funcs.call('app:who') end", "function")
    async with place.node() as node:
        said = await node.exec(main, host=ACTORS, timeout=20)
    assert [kind for kind, _ in said] == [PERMISSION_DENIED, PERMISSION_DENIED]
    assert "app:broken" in said[0][1]
    assert "app:foreign" in said[1][1]


@pytest.mark.parametrize("language", ["lua", "python"])
async def test_an_upgrade_runs_as_the_actor_of_the_new_entry(place: Place, language: str) -> None:
    security = {"actor": {"id": "robot"}, "policies": ["app:some"]}
    tries = "local function main() local name = funcs.call('app:who') return {name, select(2, funcs.call('app:secret')):kind()} end"
    place.lua("robot", tries, security=security)
    if language == "lua":
        first = place.lua("first", "local function main() return process.upgrade('app:robot') end")
    else:
        source = "from actorflow.script import process\nasync def main():\n    await process.upgrade('app:robot')\n"
        first = place.python("first", source)
    async with place.node() as node:
        assert await node.exec(first, host=ACTORS, timeout=20) == [["robot", ["app:some"]], PERMISSION_DENIED]


async def test_an_actor_may_name_a_durable_host_by_its_task_queue(place: Place) -> None:
    place.entries["flows"]["task_queue"] = "orders"
    child = place.lua("child", "local function main(n) return n + 1 end")
    parent = place.lua("parent", "local function main(id) return process.exec(id, 'orders', 1) end")
    async with place.node() as node:
        assert await node.exec(parent, host=ACTORS, args=[child], timeout=20) == 2
