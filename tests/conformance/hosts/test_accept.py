"""Runs whose source does not repeat their journal go on with that source: what differs is dropped, and said."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio
from typer.testing import CliRunner

from actorflow.cli import place as cli_place
from actorflow.cli.capsule import fetched, opened
from actorflow.cli.going_back import print_past
from actorflow.cli.run import app
from actorflow.codec import decode
from actorflow.errors import Error
from actorflow.node.node import Node
from actorflow.run import event as events
from actorflow.run.turn import EXPIRY
from actorflow.store.approval import APPROVAL, TAKEN_BACK, WITHDRAWN
from actorflow.store.belonging import AWAITED
from tests.conformance.hosts import accepting
from tests.conformance.hosts.accepting import (
    LANGUAGES,
    begun,
    ended,
    kinds,
    noted,
    pid_of,
    read,
    registered,
    written,
    wrong,
)
from tests.conformance.hosts.place import FLOWS, Place
from tests.conformance.process.rig import until


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return accepting.made(Place(tmp_path))


async def diverged(node: Node, place: Place, name: str) -> None:
    """Repin a paused run to the code of now, and return when it is paused over that."""
    await node.runs.repin(name, **registered(place, name.rpartition("-")[2]))
    with trio.fail_after(20):
        while not (await node.runs.show(name))["reason"].startswith("nondeterminism"):  # noqa: ASYNC110
            await trio.sleep(0.005)


async def test_the_new_code_is_right_and_goes_on_from_there(place: Place) -> None:
    async with place.node() as node:
        names = [await begun(node, "middle", language) for language in LANGUAGES]
        for name in names:
            await node.send(pid_of(name), "go", 7)
        written(place, "new")
        for name in names:
            asked = registered(place, name.rpartition("-")[2])
            told = await node.runs.accept(name, **asked, dry_run=True)
            assert (told["to"], told["step"], told["cut"]) == ("pending", 4, 3)
            what = [(line["kind"], line["name"], line["outcome"]) for line in told["happened"]]
            assert what == [("call", "app:note", "completed")]
            assert told["again"] == [events.FUNCTION_COMPLETED, events.MESSAGE_RECEIVED]
            assert (await node.runs.show(name))["state"] == "paused"
            await diverged(node, place, name)
            text = "\n".join((await node.runs.show(name))["waits"])
            held = await read(node, name, lambda reader, row: reader.load(row.run))
            old = decode(held.events[0].payload)["source"]
            repin, fork = f"run repin {name} --source {old}`", f"run fork {name} --from 4 "
            for way in (repin, "workflow.version", fork, f"run accept {name}`"):
                assert way in text
            done = await node.runs.accept(name, by="ann", reason="looks good")
            assert (done["state"], done["to"], done["cut"]) == ("paused", "pending", 3)
            assert await ended(node, name) == [2, 7, "new"]
        assert sorted(noted(place)) == ["middle-new", "middle-new", "middle-old", "middle-old"]
        assert wrong(node) == []


async def test_first_steps_that_are_dropped_are_taken_again(place: Place) -> None:
    async with place.node() as node:
        names = [await begun(node, "start", language, **{"workflow.run_timeout": "1h"}) for language in LANGUAGES]
        delayed = {"workflow.id": "delayed-py", "workflow.start_delay": "1ms", "workflow.run_timeout": "1h"}
        names.append(await begun(node, "start", "py", **delayed))
        written(place, "new")
        before = await read(node, names[0], lambda reader, row: dict(reader.load(row.run).timers))
        for name in names:
            told = await node.runs.accept(name, **registered(place, name.rpartition("-")[2]))
            assert (told["step"], told["cut"]) == ((3, 2) if name == "delayed-py" else (2, 2))
    async with place.node() as node:
        after = await read(node, names[0], lambda reader, row: dict(reader.load(row.run).timers))
        assert after[EXPIRY] == before[EXPIRY], "the time of the run is not given anew"
        for name in names:
            await node.send(pid_of(name), "go", 3)
            assert await ended(node, name) == ["new", 3]
            assert (await kinds(node, name)).count(events.RUN_STARTED) == 1
        assert sorted(noted(place)) == ["start-new"] * 3 + ["start-old"] * 3
        assert wrong(node) == []


async def test_what_the_dropped_part_has_left_goes_with_it(place: Place) -> None:
    async with place.node() as node:
        names = [await begun(node, "things", language) for language in LANGUAGES]
        written(place, "new")
        for name, language in zip(names, LANGUAGES, strict=True):
            told = await node.runs.accept(name, **registered(place, language))
            assert [line["kind"] for line in told["happened"]] == ["child"]
            shown = await node.runs.show(name)
            assert (shown["search_attributes"], shown["memo"]) == ({"n": 1}, {"m": "kept"})
            assert node.directory.find(f"{language}-name") is None
            held = await read(node, name, lambda reader, row: reader.load(row.run))
            assert held.timers == []
            approvals = await read(node, name, lambda reader, row: reader.documents(APPROVAL, row.run_id, "", 9))
            assert [decode(row.value)["state"] for row in approvals] == [WITHDRAWN]
            assert await read(node, name, lambda reader, row: reader.documents(AWAITED, f"{row.run}/", "", 9)) == []
            child = next(info.pid for info in node.processes() if info.entry == f"app:child_{language}")
            await node.send(child, "go", 1)
            assert await node.wait(child, timeout=20) == 1
            with trio.fail_after(20):
                while events.RESULT_SUPERSEDED not in await kinds(node, name):  # noqa: ASYNC110
                    await trio.sleep(0.005)
    async with place.node() as node:
        for name, language in zip(names, LANGUAGES, strict=True):
            assert node.directory.find(f"{language}-name") is None
            await node.send(pid_of(name), "go", 5)
            assert await ended(node, name) == [5, "new"]
        assert wrong(node) == []


async def test_timers_and_signals_keep_their_order_and_late_results_are_kept(place: Place) -> None:
    async with place.node() as node:
        names = [await begun(node, "late", language, waits="request") for language in LANGUAGES]
        (place.path / "gate").touch()
        for name in names:
            with trio.fail_after(20):
                while not await read(node, name, lambda reader, row: reader.load(row.run).inbox):  # noqa: ASYNC110
                    await trio.sleep(0.005)
            await node.send(pid_of(name), "go", 1)
        written(place, "new")
        for name, language in zip(names, LANGUAGES, strict=True):
            told = await node.runs.accept(name, **registered(place, language))
            assert [(line["name"], line["outcome"]) for line in told["happened"]] == [("app:slow", "open")]
            assert await ended(node, name) == [1, "new"]
            assert (await kinds(node, name)).count(events.RESULT_SUPERSEDED) == 1
        assert wrong(node) == []


async def test_what_cannot_be_accepted_is_refused_and_changes_nothing(place: Place) -> None:
    async with place.node() as node:
        name = await begun(node, "middle", "py")
        before = await kinds(node, name)
        with pytest.raises(Error, match=r"there is nothing to accept: .* `actorflow run resume`"):
            await node.runs.accept(name)
        with pytest.raises(Error, match="source 'beef': it is not stored"):
            await node.runs.accept(name, source="beef")
        other = registered(place, "lua")
        with pytest.raises(Error, match="is of app:flow_lua, expected one of app:flow_py"):
            await node.runs.accept(name, **other)
        with pytest.raises(Error, match="are not those of source"):
            await node.runs.accept(name, source="beef", bundle=other["bundle"])
        written(place, "new")
        told = await node.runs.accept(name, **registered(place, "py"), dry_run=True)
        await node.send(pid_of(name), "go", 1)
        with pytest.raises(Error, match="it has changed meanwhile"):
            await node.runs.accept(name, **registered(place, "py"), revision=told["revision"])
        assert await kinds(node, name) == before
        await node.runs.change("resume", name)
        assert await ended(node, name) == [2, 1, "old"]
        with pytest.raises(Error, match="cannot accept"):
            await node.runs.accept(name, **registered(place, "py"))


async def fired_last(node: Node, language: str) -> str:
    """Start a run whose timer fires when its calls have ended: a slow machine gets more time for that."""
    for span in ("30ms", "1s", "10s"):
        given = {"workflow.id": f"timer-{span}-{language}"}
        name = await begun(node, "timer", language, span, after=events.TIMER_FIRED, **given)
        if (await kinds(node, name))[-1] == events.TIMER_FIRED:
            return name
    raise AssertionError("calls take longer than ten seconds")


async def test_a_timer_that_fired_comes_before_the_signal_after_it_again(place: Place) -> None:
    async with place.node() as node:
        names = [await fired_last(node, language) for language in LANGUAGES]
        for name in names:
            await node.send(pid_of(name), "go", 2)
        written(place, "new")
        for name, language in zip(names, LANGUAGES, strict=True):
            told = await node.runs.accept(name, **registered(place, language))
            assert told["again"][-2:] == [events.TIMER_FIRED, events.MESSAGE_RECEIVED]
            assert await ended(node, name) == [True, 2, "new"]


async def test_an_accepted_run_is_forked_replayed_and_accepted_again(place: Place) -> None:
    async with place.node() as node:
        names = [await begun(node, "start", language) for language in LANGUAGES]
        for mark in ("new", "newer"):
            written(place, mark)
            for name, language in zip(names, LANGUAGES, strict=True):
                await node.runs.accept(name, **registered(place, language))
                pid = pid_of(name)
                await until(lambda pid=pid: any(i.pid == pid and "inbox" in str(i.waits) for i in node.processes()))
                await node.runs.change("pause", name)
        for name in names:
            fork = await node.fork(name)
            await node.runs.change("resume", name)
            for pid in (pid_of(name), fork["pid"]):
                await node.send(pid, "go", 4)
                assert await node.wait(pid, timeout=20) == ["newer", 4]
        assert noted(place).count("start-newer") == len(names), "a fork begins with what the run has done"
        assert wrong(node) == []


async def test_the_verb_says_what_it_drops_before_it_does(place: Place) -> None:
    async with place.node() as node:
        names = [await begun(node, "middle", language) for language in LANGUAGES]
        written(place, "new")
        for name, language in zip(names, LANGUAGES, strict=True):
            await node.runs.repin(name, **registered(place, language))
        with trio.fail_after(20):
            for name in names:
                while not (await node.runs.show(name))["reason"].startswith("nondeterminism"):  # noqa: ASYNC110
                    await trio.sleep(0.005)

    async def verb(*args: str) -> Any:
        return await trio.to_thread.run_sync(CliRunner().invoke, app, [*args, "-C", str(place.path)])

    why = (await verb("why", "middle-py")).output
    assert "accept: `actorflow run accept middle-py`" in why
    asked = await verb("accept", "middle-py")
    assert (asked.exit_code, "nobody can be asked here" in asked.output) == (2, True)
    would = await verb("accept", "--prefix", "middle", "--dry-run")
    assert would.output.count("dropped: 4 events, 3 to 6") == 2, would.output
    assert would.output.count("arrives again: FunctionCompleted") == 2
    assert "app:note" in would.output
    assert "was paused, would be pending" in would.output
    done = await verb("accept", "middle-py", "--yes", "--json")
    told = json.loads(done.output)
    assert (told["to"], told["cut"], told["dropped"]) == ("pending", 3, 4)
    lines = json.loads((await verb("accept", "--prefix", "middle", "--yes", "--json")).output)
    assert [line["pid"] for line in lines] == [pid_of("middle-lua")]
    assert (await verb("accept")).exit_code == 2
    assert (await verb("accept", "--prefix", "m", "--source", "registered")).exit_code == 2
    async with place.node() as node:
        for name in names:
            await node.send(pid_of(name), "go", 9)
            assert await ended(node, name) == [2, 9, "new"]


async def test_an_approval_that_was_answered_in_the_dropped_part_keeps_its_record(place: Place) -> None:
    async with place.node() as node:
        for language in LANGUAGES:
            written(place, "old")
            name = await answered(node, language)
            written(place, "new")
            await node.runs.accept(name, **registered(place, language))
            (kept,) = await node.approvals(name, only_open=False)
            assert (kept["state"], kept["by"], kept["data"]) == ("approved", "ann", 1)
            assert kept[TAKEN_BACK] > kept["decided"] > 0
            with trio.fail_after(20):
                while not await node.approvals(name):  # noqa: ASYNC110 - it asks once more
                    await trio.sleep(0.005)
            await node.approve(name, "look", 2, by="bob")
            await node.send(pid_of(name), "go", 5)
            assert await ended(node, name) == [2, "bob", 5, "new"]
            lines = await node.approvals(name, only_open=False)
            assert [(line["by"], line["number"], TAKEN_BACK in line) for line in lines] == [
                ("ann", 1, True),
                ("bob", 1, False),
            ]
            await node.runs.change("purge", name)
        assert wrong(node) == []


async def test_an_answer_may_come_before_a_question_that_was_taken_back_is_asked_again(place: Place) -> None:
    async with place.node() as node:
        name = await answered(node, "py")
        written(place, "new")
        await node.runs.accept(name, **registered(place, "py"))
        await node.approve(name, "look", 3, by="eve")
        await node.send(pid_of(name), "go", 5)
        assert await ended(node, name) == [3, "eve", 5, "new"]


async def answered(node: Node, language: str) -> str:
    """Start a run that asks for an approval, answer it, and pause the run behind that."""
    name = f"asked-{language}"
    pid = await node.spawn(f"app:flow_{language}", host=FLOWS, args=["asked"], options={"workflow.id": name})
    await node.approve(name, "look", 1, by="ann")
    await until(lambda: any(i.pid == pid and "inbox" in str(i.waits) for i in node.processes()))
    await node.runs.change("pause", name)
    return name


async def test_what_a_run_was_before_an_accept_is_seen_by_the_code_of_then(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    async with place.node() as node:
        name = await begun(node, "start", "py")
        for mark in ("new", "newer"):
            written(place, mark)
            await node.runs.accept(name, **registered(place, "py"))
            await until(lambda: any(i.pid == pid_of(name) and "inbox" in str(i.waits) for i in node.processes()))
            await node.runs.change("pause", name)
        await node.runs.export(name, place.path / "it.afrun")
        capsule = await trio.to_thread.run_sync(fetched, cli_place.Place.of(place.path, None), name)
    for held in (capsule, await trio.to_thread.run_sync(partial(opened, place.path / "it.afrun", trust=True))):
        assert len(held.older) == 2
        for event in held.held.events:
            print_past(held, event.seq, as_json=True)
            was = json.loads(capsys.readouterr().out)
            assert was["fault"] == "", event
        changes = [event.seq for event in held.held.events if event.kind == events.RUN_ACCEPTED]
        for seq in (changes[0] - 1, changes[1] - 1, len(held.held.events)):
            print_past(held, seq, as_json=True)
            (task,) = json.loads(capsys.readouterr().out)["tasks"]
            assert "inbox" in task["waits"]
            assert "flow_py.py" in task["place"]
    print_past(replace(capsule, older={}), changes[0] - 1, as_json=True)
    assert "which is not kept any more" in json.loads(capsys.readouterr().out)["fault"]
