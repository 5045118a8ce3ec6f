"""Values cross between Lua and the machine unchanged, in the bytes that Python's codec makes of them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from actorflow.codec import decode, encode
from actorflow.errors import Error, Failure
from actorflow.language.lua import LuaLanguage
from actorflow.language.lua.runtime import Runtime, RuntimeLimits
from tests.unit.lua.world import World
from tests.unit.strategies import integers, texts

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "cbor.json").read_text())
_RUNTIME = Runtime(RuntimeLimits())
Run = Callable[..., Any]


def value_of(plain: Any) -> Any:
    """Read a value as the table of vectors writes it: what JSON has not is a list that begins with a word."""
    if not isinstance(plain, list):
        return plain
    word, *rest = plain
    if word == "list":
        return [value_of(item) for item in rest]
    if word == "map":
        return {key: value_of(item) for key, item in rest}
    if word == "bytes":
        return bytes.fromhex(rest[0])
    if word == "float":
        return float(rest[0])
    message, kind, retryable, details, stack = rest
    return Failure(message, kind, retryable, value_of(details), stack)


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_both_codecs_make_the_bytes_of_the_vector(vector: dict[str, Any]) -> None:
    value, data = value_of(vector["value"]), bytes.fromhex(vector["cbor"])
    assert encode(value) == data
    assert encode(decode(data)) == data
    assert bytes(_RUNTIME.lua_encode(_RUNTIME.lua_decode(data))).hex() == data.hex()


floats = st.floats(allow_nan=False)
binary = st.binary(max_size=20).filter(lambda data: not _is_text(data))
scalars = st.booleans() | integers | floats | texts | binary
plain = st.recursive(scalars, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5))


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


@given(plain)
@example([])
@example([[], {}, [[]]])
@example({"": {"": ""}})
@example(-0.0)
@example(math.inf)
def test_what_goes_through_lua_comes_out_the_same(value: Any) -> None:
    data = encode(value)
    assert bytes(_RUNTIME.lua_encode(_RUNTIME.lua_decode(data))).hex() == data.hex()


@pytest.mark.parametrize(
    "value",
    [0, -1, 2**63 - 1, -(2**63), 1.5, 3.0, math.inf, "", "ü", "a\x00b", b"\xff\x00", True, False, None, [1, [2]]],
)
def test_arguments_and_results_keep_their_type(run: Run, value: Any) -> None:
    result = run("return function(v) return v end", value)
    assert result == value
    assert type(result) is type(value)


def test_an_argument_list_keeps_its_nils(run: Run) -> None:
    assert run("return function(...) return select('#', ...) end", None, 1, None) == 3


def test_a_list_keeps_its_holes_and_an_empty_list_its_kind(run: Run) -> None:
    assert run("return function(v) return v end", [1, None, 3]) == [1, None, 3]
    assert run("return function(v) return v end", []) == []
    assert run("return function(v) return v end", {}) == {}


@pytest.mark.parametrize(
    ("made", "value"),
    [
        ("{}", {}),
        ("{1, 2, 3}", [1, 2, 3]),
        ("{a = 1, [2] = 'x'}", {"a": 1, 2: "x"}),
        ("{[1] = 'a', [3] = 'c'}", {1: "a", 3: "c"}),
        ("{[1.0] = 'one'}", ["one"]),
        ("'\\xff'", b"\xff"),
        ("setmetatable({a = 1}, {__index = {b = 2}})", {"a": 1}),
    ],
)
def test_what_a_table_becomes(run: Run, made: str, value: Any) -> None:
    assert run(f"return function() return {made} end") == value


@pytest.mark.parametrize(
    ("made", "fault"),
    [
        ("{a = {f = function() end}}", r"a\.f"),
        ("print", "function"),
        ("{[true] = 1}", "key"),
        ("{[1.5] = 1}", "key"),
        ("{['\\xff'] = 1}", "key"),
        ("coroutine.create(print)", "thread|coroutine"),
        ("(function() local t = {} t.t = {t} return t end)()", "cycle|itself"),
        ("(function() local t = {} for _ = 1, 100 do t = {t} end return t end)()", "64"),
    ],
)
def test_what_may_not_cross_is_invalid_with_its_path(run: Run, made: str, fault: str) -> None:
    with pytest.raises(Error, match=fault) as caught:
        run(f"return function() return {made} end")
    assert caught.value.kind == "Invalid"
    assert "0x" not in caught.value.message


def test_what_may_not_cross_is_the_callers_error(run: Run) -> None:
    source = """
    return function()
      local value, err = funcs.call("app:f", {x = print})
      local sent, problem = process.send(process.pid(), "t", print)
      return {value == nil, err:kind(), sent == nil, problem:kind()}
    end"""
    assert run(source) == [True, "Invalid", True, "Invalid"]


def test_objects_become_nil_with_one_notice_that_names_the_path(lua: LuaLanguage, world: World) -> None:
    machine = world.start(lua, "return function() return {ch = channel.new(), at = {time.now()}, n = 1} end")
    assert machine.outcome is not None
    assert machine.outcome.unwrap() in ({"at": [None], "n": 1, "ch": None}, {"at": [], "n": 1}, {"at": {}, "n": 1})
    assert len(world.notices) >= 1
    assert any("ch" in str(notice) for notice in world.notices)


def test_shared_references_are_copied_apart(run: Run) -> None:
    assert run("return function() local t = {1} return {t, t} end") == [[1], [1]]


def test_a_failure_goes_in_and_out_unchanged(run: Run) -> None:
    failure = Failure("no stock", "Conflict", retryable=False, details={"sku": "x", "n": [1, 2]})
    result = run("return function(v) return {v, v:kind(), v:details().sku} end", failure)
    assert result[0].message == "no stock"
    assert (result[0].kind, result[0].retryable, result[0].details) == ("Conflict", False, failure.details)
    assert result[1:] == ["Conflict", "x"]


@given(st.dictionaries(integers, st.booleans(), max_size=6))
def test_maps_with_integer_keys_go_through(value: dict[int, bool]) -> None:
    result = _RUNTIME.lua_encode(_RUNTIME.lua_decode(encode(value)))
    is_list = value and sorted(value) == list(range(1, len(value) + 1))
    assert decode(bytes(result)) == ([value[key] for key in sorted(value)] if is_list else value)
