"""Pure operations from Lua: values cross both ways, refusals come back as error objects, nothing is raised."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actorflow.errors import Failure
from actorflow.language.lua import LuaLanguage
from actorflow.ports import PENDING
from tests.unit.lua.world import World

Run = Callable[..., Any]


@pytest.fixture
def call(run: Run) -> Run:
    """Run the body of an entry function that may use base64, and return its result."""
    return lambda body: run(f"return function()\n{body}\nend", modules=("base64",))


def test_a_value_comes_back(call: Run) -> None:
    source = """
    local base64 = require("base64")
    return {base64.encode("a\\0\\255"), base64.decode("YQD/"), base64.encode("")}
    """
    assert call(source) == ["YQD/", b"a\x00\xff", ""]


def test_a_refusal_is_an_error_object(call: Run) -> None:
    source = """
    local value, err = base64.decode("%%%")
    return {value == nil, type(err), err:kind(), err:retryable(), tostring(err)}
    """
    answer = call(source)
    assert answer[:4] == [True, "userdata", "Invalid", False]
    assert answer[4].startswith("base64.decode: not base64")


def test_what_cannot_leave_lua_is_refused_the_same_way(call: Run) -> None:
    source = """
    local value, err = base64.encode(print)
    return {value == nil, err:kind(), tostring(err)}
    """
    assert call(source) == [
        True,
        "Invalid",
        "args[1]: got a function, expected data; send the id of a registered function instead",
    ]


def test_nothing_is_asked_of_the_driver(lua: LuaLanguage) -> None:
    world = World(durable=True)
    machine = world.start(lua, "return function() return base64.encode('x') end", modules=("base64",))
    assert machine.outcome is not None
    assert machine.outcome.unwrap() == "eA=="
    assert world.asked == []


def test_the_modules_that_exist_are_those_of_the_files(lua: LuaLanguage) -> None:
    assert {"base64", "process", "json", "string"} <= lua.modules


def test_an_upgrade_still_reaches_the_driver_with_its_entry_and_arguments(lua: LuaLanguage, world: World) -> None:
    world.answers["upgrade"] = PENDING
    world.start(lua, "process.upgrade('app:other', 1, {a = 2})")
    assert world.asked == [("upgrade", 1, ("app:other", 1, {"a": 2}))]


def test_an_error_object_is_a_value_like_any_other(call: Run) -> None:
    answer = call("return {select(2, base64.decode({}))}")[0]
    assert isinstance(answer, Failure)


DOCUMENT = (Path(__file__).parents[3] / "docs" / "modules.md").read_text()
COMPUTING = ("base64", "compress", "crypto", "expr", "hash", "html", "json", "payload", "text", "uuid", "yaml")


@pytest.mark.parametrize("module", COMPUTING)
def test_the_document_names_every_function(run: Run, module: str) -> None:
    source = f"""
    return function()
      local names = {{}}
      local function walk(t)
        for name, value in pairs(t) do
          if type(value) == "table" then walk(value) elseif type(value) == "function" then names[#names + 1] = name end
        end
      end
      walk({module})
      if {module} == text then
        for _, object in ipairs({{text.regexp.compile("a"), text.diff.new(), text.splitter.recursive()}}) do
          for _, name in ipairs({{"match_string", "split", "compare", "patch_apply", "split_text"}}) do
            if type(object[name]) == "function" then names[#names + 1] = name end
          end
        end
      end
      return names
    end
    """
    names = run(source, modules=COMPUTING)
    assert len(names) > 1
    assert [name for name in names if not re.search(rf"\b{name}\b", DOCUMENT) and name != "array"] == []
