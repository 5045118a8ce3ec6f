"""Exported runs: replayed anywhere, in both languages, withheld, under a key, damaged, and on other code."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest
import trio

import actorflow
from actorflow.app import verdict_of
from actorflow.cli.capsule import fetched, opened
from actorflow.cli.place import Place
from actorflow.codec import decode, encode
from actorflow.errors import CONFLICT, INVALID, NOT_FOUND, PERMISSION_DENIED, Error
from actorflow.run.draw import SEED_SIZE
from actorflow.run.verdict import DIVERGES, PARTLY, SAFE
from actorflow.store.capsule import UNBOUNDED, Capsule
from actorflow.store.capsule_file import FORMAT, MAGIC, key_from, packed, read_capsule, unpacked, write_capsule
from actorflow.store.keyring import Keyring
from actorflow.store.redact import redacted
from actorflow.testing import replay_capsule
from tests.acceptance.project import Project

INDEX = """
version: "1.0"
namespace: app
entries:
  - {name: workflows, kind: workflow.host, lifecycle: {auto_start: true}}
  - {name: shop, kind: library.lua, source: file://shop.lua}
  - {name: lua, kind: workflow.lua, modules: [workflow, uuid, funcs], imports: {shop: app:shop}, source: file://order.lua}
  - {name: py, kind: workflow.py, method: main, source: file://order.py}
  - name: echo
    kind: function.py
    source: |
      def main(value):
          return value
"""
SHOP = """
return {price = function(item) return {item = item, secret = "card-4711", amount = 12} end}
"""
LUA = """
local workflow, uuid, shop = require("workflow"), require("uuid"), require("shop")
return function(item)
  local id = uuid.v4()
  local price = workflow.step("price", "app:echo", shop.price(item))
  if price.amount == 12 then workflow.step("dear", "app:echo", id) end
  local message = process.inbox():receive()
  return {price.secret, message:payload():data()}
end
"""
PYTHON = """
from actorflow.script import process, uuid, workflow
async def main(item):
    name = uuid.v4()
    price = await workflow.step("price", "app:echo", {"item": item, "secret": "card-4711", "amount": 12})
    if price["amount"] == 12:
        await workflow.step("dear", "app:echo", name)
    message = await process.inbox().receive()
    return [price["secret"], message.payload]
"""


@dataclass
class Exported:
    """Where runs were made, and each of them as it was exported."""

    place: Place
    runs: dict[str, Capsule]


async def made(directory: Path) -> None:
    async with actorflow.open(directory) as node:
        for language in ("lua", "py"):
            pid = await node.spawn(
                f"app:{language}", host="app:workflows", args=["fig"], options={"workflow.id": language}
            )
            await node.send(pid, "go", {"secret": "word-0815"})
            await node.wait(pid, timeout=20)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """Runs in both languages that have ended, without a node."""
    project = Project(tmp_path_factory.mktemp("capsules"))
    for name, text in (("_index.yaml", INDEX), ("shop.lua", SHOP), ("order.lua", LUA), ("order.py", PYTHON)):
        project.write(name, text)
    trio.run(made, project.path)
    place = Place.of(project.path, None)
    return Exported(place, {name: fetched(place, name) for name in ("lua", "py")})


def second_call(capsule: Capsule) -> int:
    return [event.seq for event in capsule.held.events if event.kind == "FunctionCalled"][1]


@pytest.mark.parametrize("run", ["lua", "py"])
def test_an_exported_run_is_replayed_without_its_registry(exported: Exported, run: str, tmp_path: Path) -> None:
    file = tmp_path / "run.afrun"
    write_capsule(exported.runs[run], file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert replay_capsule(file).word == SAFE
    read = read_capsule(file)
    assert read == replace(exported.runs[run], foreign=True)
    assert decode(read.held.events[0].payload)["seed"] == bytes(SEED_SIZE), "who has the file cannot foresee anything"
    with pytest.raises(Error, match="exists") as caught:
        write_capsule(exported.runs[run], file)
    assert caught.value.kind == CONFLICT


def test_the_verbs_export_and_replay(exported: Exported, tmp_path: Path) -> None:
    project, file = Project(exported.place.directory), tmp_path / "run.afrun"
    done = project.inside("run", "export", "lua", str(file), "--json")
    assert done.json["events"] == len(exported.runs["lua"].held.events)
    elsewhere = Project(tmp_path)
    verdict = elsewhere.run("run", "replay", "run.afrun", "--json")
    assert (verdict.code, verdict.json["verdict"], verdict.json["state"]) == (0, "safe", "completed")
    seen = elsewhere.inside("run", "debug", "run.afrun", "--commands", "s dear;p price", "--json").out.splitlines()
    assert "card-4711" in json.loads(seen[-1])[0]["value"]


@pytest.mark.parametrize("run", ["lua", "py"])
def test_a_run_is_tried_on_the_code_that_is_registered_now(exported: Exported, run: str, tmp_path: Path) -> None:
    file = tmp_path / "run.afrun"
    write_capsule(exported.runs[run], file)
    assert replay_capsule(file, exported.place.directory).is_safe
    other = Project(tmp_path / "other")
    other.path.mkdir()
    for name, text in (("_index.yaml", INDEX), ("shop.lua", SHOP), ("order.lua", LUA), ("order.py", PYTHON)):
        other.write(name, text.replace('"dear"', '"cheap"'))
    verdict = replay_capsule(file, other.path)
    assert verdict.word == DIVERGES
    assert verdict.step == second_call(exported.runs[run])
    assert "the journal has" in verdict.report


@pytest.mark.parametrize("run", ["lua", "py"])
def test_a_capsule_without_its_values_has_none_of_them(exported: Exported, run: str) -> None:
    whole = exported.runs[run]
    data = packed(redacted(whole))
    assert b"card-4711" in packed(whole)
    source = whole.bundle.data
    assert data.count(b"card-4711") == source.count(b"card-4711"), "only the source has it"
    for secret in (b"word-0815", b"fig"):
        assert secret not in data
    capsule = unpacked(data)
    assert [event[:4] for event in capsule.held.events] == [event[:4] for event in whole.held.events]
    assert [event.checksum for event in capsule.held.events] == [event.checksum for event in whole.held.events]
    verdict = verdict_of(capsule)
    assert (verdict.word, verdict.step) == (PARTLY, second_call(whole)), "an amount that is withheld leads elsewhere"
    assert "withheld" in verdict.reason


@pytest.mark.parametrize("run", ["lua", "py"])
def test_what_some_keys_hold_is_withheld(exported: Exported, run: str) -> None:
    capsule = unpacked(packed(redacted(exported.runs[run], ["secret"])))
    values = b"".join(event.payload for event in capsule.held.events)
    assert values.count(b"4711") == 1, "in the result it is under no key"
    assert b"0815" not in values
    assert b"fig" in values
    assert verdict_of(capsule).is_safe


@pytest.mark.parametrize("run", ["lua", "py"])
def test_a_capsule_under_a_key_is_opened_with_it_only(
    exported: Exported, run: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "run.afrun"
    monkeypatch.setenv("RUN_KEY", "ab" * 32)
    monkeypatch.setenv("OTHER_KEY", "cd" * 32)
    write_capsule(exported.runs[run], file, key_from("RUN_KEY", {"RUN_KEY": "ab" * 32}))
    for secret in (b"card-4711", b"fig", b"app:echo"):
        assert secret not in file.read_bytes()
    assert replay_capsule(file, key_env="RUN_KEY").is_safe
    for name, kind in (("", CONFLICT), ("OTHER_KEY", INVALID), ("NO_KEY", INVALID)):
        with pytest.raises(Error) as caught:
            replay_capsule(file, key_env=name)
        assert caught.value.kind == kind
    data = bytearray(file.read_bytes())
    data[-40] ^= 1
    file.write_bytes(data)
    with pytest.raises(Error, match="damaged"):
        replay_capsule(file, key_env="RUN_KEY")


def test_python_code_from_a_file_runs_only_when_it_is_trusted(exported: Exported, tmp_path: Path) -> None:
    file = tmp_path / "run.afrun"
    write_capsule(exported.runs["py"], file)
    with pytest.raises(Error, match="--trust") as caught:
        opened(file)
    assert caught.value.kind == PERMISSION_DENIED
    assert opened(file, trust=True).foreign


def test_other_files_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "run.afrun"
    with pytest.raises(Error) as caught:
        read_capsule(file)
    assert caught.value.kind == NOT_FOUND
    for data, text in (
        (b"", "no capsule"),
        (b"SQLite format 3\0" * 9, "no capsule"),
        (MAGIC + bytes([FORMAT + 1, 0]) + bytes(40), f"format {FORMAT + 1}, expected {FORMAT}"),
        (MAGIC + bytes([FORMAT, 0]) + bytes(40), "damaged"),
        (sealed(b"\xa0"), "damaged"),
        (sealed(b"\x80"), "expected a map"),
    ):
        file.write_bytes(data)
        with pytest.raises(Error, match=text) as caught:
            read_capsule(file)
        assert caught.value.kind == INVALID


def sealed(body: bytes) -> bytes:
    return MAGIC + bytes([FORMAT, 0]) + blake2b(body, digest_size=32).digest() + body


@pytest.mark.parametrize("run", ["lua", "py"])
def test_damaged_bytes_are_found(exported: Exported, run: str) -> None:
    data, draw = packed(exported.runs[run]), random.Random(7)
    for _ in range(200):
        wrong = bytearray(data)
        wrong[draw.randrange(len(wrong))] ^= 1 << draw.randrange(8)
        with pytest.raises(Error):
            unpacked(bytes(wrong))
    for end in range(0, len(data), 97):
        with pytest.raises(Error):
            unpacked(data[:end])


def test_a_forged_capsule_is_refused_or_its_replay_stops(exported: Exported) -> None:
    whole, draw, words = exported.runs["lua"].plain(), random.Random(11), set[str]()
    for _ in range(300):
        forged: Any = decode(encode(whole, UNBOUNDED))
        holder, key = draw.choice(list(places(forged)))
        holder[key] = draw.choice([None, True, -1, 2**62, 0.5, "", "app:x", b"", b"\xff", [], {}, [[]], {"a": 1}])
        if draw.random() < 0.5:
            forged["altered"] = list(range(1, 40))
        try:
            words.add(verdict_of(unpacked(sealed(encode(forged, UNBOUNDED)))).word)
        except Error as error:
            words.add(str(error.kind))
    assert {INVALID, SAFE, DIVERGES} <= words


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield value, key
        yield from places(item)


async def test_an_application_exports_a_run(project: Project) -> None:
    project.write("_index.yaml", INDEX)
    for name, source in (("shop.lua", SHOP), ("order.lua", LUA), ("order.py", PYTHON)):
        project.write(name, source)
    file, key = project.path / "order.afrun", bytes(range(32))
    async with actorflow.open(project.path) as node:
        await node.spawn("app:lua", host="app:workflows", args=["fig"], options={"workflow.id": "one"})
        async with actorflow.Client(project.path / ".actorflow") as client:
            done = await client.export_run("one", file, redact_keys=["secret"], key=key)
        assert done == {"file": str(file), "bytes": file.stat().st_size, "events": done["events"], "redacted": True}
        for wrong, kind in ((file, CONFLICT), (project.path / "order.txt", INVALID)):
            with pytest.raises(Error) as caught:
                await node.runs.export("one", wrong)
            assert caught.value.kind == kind
        with pytest.raises(Error, match="expected 32"):
            await node.runs.export("one", project.path / "other.afrun", key=b"short")
        with pytest.raises(Error) as caught:
            await node.runs.export("nobody", project.path / "other.afrun")
        assert caught.value.kind == NOT_FOUND
        plain = await node.runs.export("one", project.path / "plain.afrun")
    assert plain["redacted"] is False
    assert read_capsule(project.path / "plain.afrun").held.row.workflow_id == "one"
    assert read_capsule(file, Keyring({"capsule": key}, "capsule")).redacted
    assert b"card-4711" not in file.read_bytes()
