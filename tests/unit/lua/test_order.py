"""`pairs` and `next` go through a table in one order, whatever its history and whatever the process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actorflow.errors import Error
from actorflow.language.lua import LuaLanguage
from tests.unit.lua.world import World

Run = Callable[..., Any]
_LUA = LuaLanguage()

WALK = """
return function(list)
  local t, by_pairs, by_next = {}, {}, {}
  for _, key in ipairs(list) do t[key] = true end
  for key, value in pairs(t) do by_pairs[#by_pairs + 1] = key end
  local key = next(t)
  while key ~= nil do
    by_next[#by_next + 1] = key
    key = next(t, key)
  end
  return {by_pairs, by_next}
end"""

keys = st.integers(-5, 12) | st.floats(-3, 15, allow_nan=False).filter(lambda x: not x.is_integer())
keys |= st.text("abcü", max_size=3) | st.booleans()


def in_order(given: list[Any]) -> list[Any]:
    numbers = sorted(key for key in given if not isinstance(key, (bool, str)))
    run = 0
    while run + 1 in numbers:
        run += 1
    sequence = list(range(1, run + 1))
    texts = sorted((key for key in given if isinstance(key, str)), key=str.encode)
    flags = sorted(key for key in given if isinstance(key, bool))
    return sequence + [number for number in numbers if number not in sequence] + texts + flags


def tell(values: list[Any]) -> list[tuple[str, Any]]:
    return [(type(value).__name__, value) for value in values]


@given(st.lists(keys, max_size=24, unique_by=lambda key: (type(key), key)))
def test_the_order_is_that_of_the_document(given: list[Any]) -> None:
    outcome = World().start(_LUA, WALK, given).outcome
    assert outcome is not None
    by_pairs, by_next = (value or [] for value in outcome.unwrap())
    assert tell(list(by_pairs)) == tell(in_order(given))
    assert by_next == by_pairs


def test_objects_come_after_booleans_in_the_order_of_their_creation(run: Run) -> None:
    source = """
    return function()
      local list = {}
      for i = 1, 20 do list[i] = channel.new() end
      local t, order = {}, {}
      for i = 20, 1, -1 do t[list[i]] = i end
      t[false], t.x = "false", "x"
      for _, value in pairs(t) do order[#order + 1] = value end
      return order
    end"""
    assert run(source) == ["x", "false", *range(1, 21)]


def test_other_keys_come_last_and_are_refused_in_a_durable_run(run: Run) -> None:
    source = """
    return function()
      local t, seen = {[{}] = "table", a = "a", [1] = 1}, {}
      for _, value in pairs(t) do seen[#seen + 1] = value end
      return seen
    end"""
    assert run(source) == [1, "a", "table"]
    with pytest.raises(Error, match="durable") as caught:
        run(source, durable=True, kind="workflow.lua")
    assert caught.value.kind == "Invalid"


def test_fields_may_be_cleared_and_assigned_on_the_way(run: Run) -> None:
    source = """
    return function()
      local t, seen = {}, {}
      for i = 1, 10 do t[i] = i t["k" .. i] = i end
      for key in pairs(t) do
        seen[#seen + 1] = key
        t[key] = nil
        if key == 3 then t[5] = nil t.k2 = nil end
      end
      return {#seen, next(t) == nil, table.concat(seen, " ", 1, 5)}
    end"""
    assert run(source) == [18, True, "1 2 3 4 6"]


def test_the_history_of_a_table_does_not_show(run: Run) -> None:
    source = """
    return function()
      local function build(from, to, step)
        local t = {}
        for i = from, to, step do t[i] = i t["k" .. i] = i end
        for i = 40, 90 do t[i] = nil t["k" .. i] = nil end
        local seen = {}
        for key in pairs(t) do seen[#seen + 1] = tostring(key) end
        return table.concat(seen, ",")
      end
      return build(1, 100, 1) == build(100, 1, -1)
    end"""
    assert run(source) is True


def test_pairs_knows_its_metamethod_and_what_is_no_table(run: Run) -> None:
    source = """
    return function()
      local t = setmetatable({}, {__pairs = function(self) return function(_, k) return not k and 1 or nil, "v" end, self, nil end})
      local seen = {}
      for _, value in pairs(t) do seen[#seen + 1] = value end
      return {seen, pcall(pairs), pcall(pairs, nil), pcall(pairs, "x"), pcall(next, {}, "no key")}
    end"""
    assert run(source)[:1] == [["v"]]
    assert run(source)[1] is False


def test_a_sort_with_ties_gives_the_same_each_time(run: Run) -> None:
    source = """
    return function()
      local calls, t = 0, {}
      for i = 1, 500 do t[i] = {key = (i * 7919) % 10, i = i} end
      table.sort(t, function(a, b) calls = calls + 1 return a.key < b.key end)
      local seen = {}
      for i, item in ipairs(t) do
        if i > 1 and t[i - 1].key > item.key then error("not sorted") end
        seen[i] = item.i
      end
      return {calls, seen}
    end"""
    assert run(source) == run(source)


def test_sort_orders_refuses_and_waits(run: Run) -> None:
    source = """
    return function()
      local a, b = {3, 1, 2}, {"b", "a"}
      table.sort(a) table.sort(b)
      local c = {1, 2, 3, 4, 5}
      table.sort(c, function(x, y) time.now() process.send(process.pid(), "t") return x > y end)
      return {a, b, c, (pcall(table.sort, {1, "x"})), (pcall(table.sort, {{}, {}}))}
    end"""
    assert run(source) == [[1, 2, 3], ["a", "b"], [5, 4, 3, 2, 1], False, False]


SCRIPT = """
import sys
from tests.unit.lua.world import World
from actorflow.language.lua import LuaLanguage
source = '''return function()
  local t, seen = {}, {}
  for i = 1, 300 do t["key" .. i * 7919 % 1000] = i t[i * 31 % 97 + 0.5] = i end
  for key in pairs(t) do seen[#seen + 1] = tostring(key) end
  seen[#seen + 1] = tostring({}) .. tostring(print) .. math.random(1000000) .. uuid.v4()
  return table.concat(seen, " ")
end'''
print(World().start(LuaLanguage(), source).outcome.unwrap())
"""


def test_two_processes_of_the_system_see_the_same() -> None:
    seen = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in ("0", "1", "7")
    }
    assert len(seen) == 1
