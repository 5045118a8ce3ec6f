"""Log lines and measurements of scripts: where they go, what they carry, and that a replay is silent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from actorflow.node.node import Node
from tests.conformance.hosts.place import ACTORS, FLOWS, Place
from tests.conformance.process.rig import until

LUA = """
    local logger, metrics = require("logger"), require("metrics")
    local function main(wait)
      logger:named("shop"):named("orders"):with({a = 1}):info("begun", {b = 2})
      print("printed", 1)
      metrics.counter_inc("runs", {lang = "lua"})
      metrics.gauge_set("level", 5)
      metrics.gauge_dec("level")
      metrics.histogram("seconds", 0.3)
      if wait then process.inbox():receive() end
      metrics.counter_add("runs", 2, {lang = "lua"})
      logger:info("ended")
    end
"""
PYTHON = """
    from actorflow.script import logger, metrics, process

    async def main(wait=False):
        logger.named("shop").named("orders").with_fields(a=1).info("begun", b=2)
        print("printed", 1)
        metrics.counter_inc("runs", {"lang": "python"})
        metrics.gauge_set("level", 5)
        metrics.gauge_dec("level")
        metrics.histogram("seconds", 0.3)
        if wait:
            await process.inbox().receive()
        metrics.counter_add("runs", 2, {"lang": "python"})
        logger.info("ended")
"""
Line = tuple[str, str, Mapping[str, Any]]


def scripts(path: Path, **flows: Any) -> Place:
    place = Place(path, flows)
    for name, kind in (("lua_process", "process"), ("lua_function", "function")):
        place.lua(name, LUA, kind)
        place.entries[name]["modules"] = ["logger", "metrics"]
    place.python("python_process", PYTHON)
    place.python("python_function", PYTHON, "function")
    return place


def listening(node: Node) -> list[Line]:
    lines: list[Line] = []
    node.log = lambda level, text, fields: lines.append((level, text, fields))
    return lines


def check_metrics(node: Node, lang: str) -> None:
    counter, gauge, histogram = node.metrics.read()
    assert counter == {"type": "counter", "name": "runs", "labels": {"lang": lang}, "value": 3}
    assert gauge == {"type": "gauge", "name": "level", "labels": {}, "value": 4}
    assert (histogram["name"], histogram["value"]["count"], histogram["value"]["sum"]) == ("seconds", 1, 0.3)


def check_lines(lines: list[Line], suffix: str, *, printed: bool = True) -> None:
    texts = ["begun", "printed 1", "ended"] if printed else ["begun", "ended"]
    assert [(level, text) for level, text, _ in lines] == [("info", text) for text in texts]
    begun = lines[0][2]
    assert {name: begun[name] for name in ("logger", "a", "b")} == {"logger": "shop.orders", "a": 1, "b": 2}
    file, _, line = begun["location"].rpartition(":")
    assert file.endswith(suffix)
    assert line in {"3", "4"}


@pytest.mark.parametrize("lang", ["lua", "python"])
@pytest.mark.parametrize("host", [ACTORS, FLOWS])
async def test_a_process_logs_and_measures(tmp_path: Path, lang: str, host: str) -> None:
    place = scripts(tmp_path)
    async with place.node() as node:
        lines = listening(node)
        pid = await node.spawn(f"app:{lang}_process", host=host)
        await node.wait(pid, timeout=20)
        check_metrics(node, lang)
    check_lines(lines, {"lua": "app:lua_process", "python": "python_process.py"}[lang])
    assert {fields["pid"] for _, _, fields in lines} == {pid}


@pytest.mark.parametrize("lang", ["lua", "python"])
async def test_a_function_logs_and_measures(tmp_path: Path, lang: str) -> None:
    place = scripts(tmp_path)
    async with place.node() as node:
        lines = listening(node)
        await node.call(f"app:{lang}_function", timeout=20)
        check_metrics(node, lang)
    if lang == "lua":
        check_lines(lines, "app:lua_function")
    else:  # a function.py is ordinary Python: its `print` writes to stdout
        check_lines(lines, "python_function.py", printed=False)


@pytest.mark.parametrize("lang", ["lua", "python"])
async def test_a_replay_is_silent(tmp_path: Path, lang: str) -> None:
    place = scripts(tmp_path, cache={"runs": 0})
    async with place.node() as node:
        lines = listening(node)
        pid = await node.spawn(f"app:{lang}_process", host=FLOWS, args=[True])
        await until(lambda: list(node.processes()) == [])
        await node.send(pid, "go")
        await node.wait(pid, timeout=20)
        check_metrics(node, lang)
    check_lines(lines, {"lua": "app:lua_process", "python": "python_process.py"}[lang])
