"""pairs and next go through a table in one order, the same in every process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actorflow.errors import Error
from actorflow.language.lua import LuaLanguage
from tests.unit.lua.world import World

Run = Callable[..., Any]
KEYS = """
local function keys(t)
  local list = {}
  for key in pairs(t) do list[#list + 1] = type(key) == "userdata" and "object" or type(key) == "table" and "table" or key end
  return list
end
local function keys_by_next(t)
  local list = {}
  local key = next(t)
  while key ~= nil do
    list[#list + 1] = type(key) == "userdata" and "object" or type(key) == "table" and "table" or key
    key = next(t, key)
  end
  return list
end
"""
ORDERS = {
    "{10, 20, 30}": [1, 2, 3],
    "{b = 1, a = 2, ab = 3, B = 4, [''] = 5}": ["", "B", "a", "ab", "b"],
    "{x = 1, 10, 20, [0] = 0, [-5] = 1, [2.5] = 2, [7] = 7}": [1, 2, -5, 0, 2.5, 7, "x"],
    "{[3] = 1, [2] = 1, [1] = 1}": [1, 2, 3],
    "{[true] = 1, [false] = 2, z = 3, [1] = 4}": [1, "z", False, True],
    "{[1] = 1, [2] = 2, [4] = 4, [3.5] = 3}": [1, 2, 3.5, 4],
    "{[channel.new()] = 1, [true] = 1, a = 1}": ["a", True, "object"],
    "{[{}] = 1, [channel.new()] = 1, a = 1}": ["a", "object", "table"],
    "{['\\255'] = 1, ['\\127'] = 2, ['é'] = 3}": ["\x7f", "é", b"\xff"],
    "{}": {},
}


@pytest.mark.parametrize("table", ORDERS)
@pytest.mark.parametrize("walk", ["keys", "keys_by_next"])
def test_the_order_is_numbers_strings_booleans_objects(run: Run, table: str, walk: str) -> None:
    assert run(f"{KEYS} return function() return {walk}({table}) end") == ORDERS[table]


def test_objects_are_in_the_order_of_their_creation(run: Run) -> None:
    source = """
    return function()
      local made, t, order = {}, {}, {}
      for i = 1, 50 do made[i] = i % 2 == 0 and channel.new() or errors.new("x") end
      for i = 50, 1, -1 do t[made[i]] = i end
      for _, i in pairs(t) do order[#order + 1] = i end
      return order
    end"""
    assert run(source) == list(range(1, 51))


@pytest.mark.parametrize("key", ["{}", "print", "coroutine.create(print)"])
def test_other_keys_are_invalid_in_a_durable_run(run: Run, key: str) -> None:
    source = f"{KEYS} return function(walk) return (walk == 1 and keys or keys_by_next)({{[{key}] = 1, a = 2}}) end"
    for walk in (1, 2):
        with pytest.raises(Error, match="no fixed order") as caught:
            run(source, walk, durable=True)
        assert caught.value.kind == "Invalid"
    assert (
        run(f"return function() local n = 0 for _ in pairs({{[{key}] = 1, a = 2}}) do n = n + 1 end return n end") == 2
    )


@pytest.mark.parametrize("durable", [False, True])
def test_our_own_objects_are_keys_everywhere(run: Run, *, durable: bool) -> None:
    assert run(f"{KEYS} return function() return keys({{[channel.new()] = 1}}) end", durable=durable) == ["object"]


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        ("t[k] = nil", [1, 2, 3, -1, "a", "b", "c"]),
        ("t[k] = 'new'", [1, 2, 3, -1, "a", "b", "c"]),
        ("for other in pairs(t) do if other ~= k then t[other] = nil end end", [1]),
        ("if k == 1 then t[2] = nil t.b = nil end", [1, -1, 3, "a", "c"]),
        ("if k == 'a' then t.c = 'changed' t[1] = nil end", [1, 2, 3, -1, "a", "b", "c"]),
    ],
)
@pytest.mark.parametrize(
    "walk", ["for k in pairs(t) do", "local k = nil while true do k = next(t, k) if k == nil then break end"]
)
def test_fields_may_be_assigned_and_cleared_on_the_way(run: Run, change: str, seen: list[Any], walk: str) -> None:
    source = f"""
    return function()
      local t, seen = {{10, 20, 30, a = 1, b = 2, c = 3, [-1] = 0}}, {{}}
      {walk} seen[#seen + 1] = k {change} end
      return seen
    end"""
    assert run(source) == seen


def test_a_table_that_was_walked_half_and_changed_is_walked_anew(run: Run) -> None:
    source = f"""{KEYS}
    return function()
      local t = {{b = 1, d = 2, f = 3}}
      next(t, next(t))
      t.a, t.c, t.b = 1, 1, nil
      return {{keys_by_next(t), keys(t)}}
    end"""
    assert run(source) == [["a", "c", "d", "f"]] * 2


def test_pairs_honours_its_metamethod_and_next_refuses_what_is_no_table(run: Run) -> None:
    source = """
    return function()
      local t = setmetatable({}, {__pairs = function() return function(_, k) if not k then return 1, "one" end end end})
      local seen = {}
      for k, v in pairs(t) do seen[k] = v end
      return {seen, {pcall(next, 1)}, {pcall(pairs)}}
    end"""
    seen, next_, pairs_ = run(source)
    assert seen == ["one"]
    assert next_[0] is False
    assert "table expected" in next_[1]
    assert pairs_[0] is False
    assert "table expected" in pairs_[1]


def test_libraries_can_be_listed(run: Run) -> None:
    names = run(f"{KEYS} return function() return keys(channel) end")
    assert names == ["new", "select"]


scalars = st.integers(-5, 12) | st.text("abé", max_size=2) | st.booleans() | st.sampled_from([0.5, -2.5])


def _rank(key: Any) -> tuple[Any, ...]:
    if isinstance(key, bool):
        return (2, key)
    return (1, key.encode()) if isinstance(key, str) else (0, key)


@pytest.fixture(scope="module")
def walk() -> Callable[..., Any]:
    language = LuaLanguage()
    source = """
    return function(keys, removed)
      local t = {}
      for _, key in ipairs(keys) do t[key] = true end
      for _, key in ipairs(removed) do t[key] = nil end
      local by_pairs, by_next, key = {}, {}, nil
      for k in pairs(t) do by_pairs[#by_pairs + 1] = k end
      repeat key = next(t, key) by_next[#by_next + 1] = key until key == nil
      return {by_pairs, by_next}
    end"""

    def walk(*args: Any) -> Any:
        outcome = World().start(language, source, *args).outcome
        assert outcome is not None
        return outcome.unwrap()

    return walk


@settings(max_examples=200)
@given(st.lists(scalars), st.lists(scalars))
def test_any_table_is_walked_in_order(walk: Callable[..., Any], keys: list[Any], removed: list[Any]) -> None:
    left = {(type(key) is bool, key) for key in keys} - {(type(key) is bool, key) for key in removed}
    values = [key for _, key in left]
    run = 0
    while any(value == run + 1 and type(value) is int for value in values):
        run += 1
    first = list(range(1, run + 1))
    rest = sorted((value for value in values if not (type(value) is int and 1 <= value <= run)), key=_rank)
    expected = first + rest
    assert [list(found) for found in walk(keys, removed)] == [expected, expected]


PROGRAM = """
import sys
from tests.unit.lua.world import World
from actorflow.language.lua import LuaLanguage
outcome = World().start(LuaLanguage(), open(sys.argv[1]).read()).outcome
print(outcome.unwrap())
"""
MANY = """
return function()
  local t, order = {}, {}
  for i = 1, 300 do t["key" .. i * 7919 % 1000] = i t[i * 31 % 97 + 0.5] = i t[-i] = i end
  for i = 1, 20 do t[channel.new()] = i end
  for k in pairs(t) do order[#order + 1] = tostring(k) end
  local k = next(t)
  while k ~= nil do order[#order + 1] = tostring(k) k = next(t, k) end
  return table.concat(order, " ")
end
"""


def test_the_order_is_the_same_in_every_process(tmp_path: Path) -> None:
    script = tmp_path / "many.lua"
    script.write_text(MANY)
    root = Path(__file__).parents[3]
    orders = set()
    for hash_seed in ("0", "1", "12345"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(root)}
        command = [sys.executable, "-c", PROGRAM, str(script)]
        done = subprocess.run(command, env=environment, cwd=root, capture_output=True, check=True, timeout=60)
        orders.add(done.stdout)
    assert len(orders) == 1
    assert len(orders.pop()) > 1000
