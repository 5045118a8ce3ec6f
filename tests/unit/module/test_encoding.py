"""base64, yaml, compress and JSON schemas: there and back, limits, and what is refused."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actorflow.errors import INTERNAL, INVALID, UNAVAILABLE, Error
from actorflow.module import base64, compress, schema, yaml

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=15,
)


@given(st.binary())
def test_base64_there_and_back(data: bytes) -> None:
    assert base64.decode(base64.encode(data)) == data


@pytest.mark.parametrize("text", ["YQ", "YQ=", "Y", "YQ==YQ==", "a b=", "====", "YQ%="])
def test_what_is_no_base64_is_invalid(text: str) -> None:
    with pytest.raises(Error) as caught:
        base64.decode(text)
    assert caught.value.kind == INVALID


def test_base64_ignores_line_breaks() -> None:
    assert base64.decode("YWJj\r\nZGVm\n") == b"abcdef"


@given(st.lists(PLAIN, max_size=4) | st.dictionaries(st.text(max_size=5), PLAIN, max_size=4))
def test_yaml_there_and_back(value: Any) -> None:
    assert yaml.decode(yaml.encode(value)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[yes, No, on, y, true, False]", ["yes", "No", "on", "y", True, False]),
        ("[017, 0o17, 0x1F, 0b11, -5, 1_000]", [15, 15, 31, 3, -5, 1000]),
        ("[1e3, .5, 1., -2.5e-3]", [1000.0, 0.5, 1.0, -0.0025]),
        ("[12:30, 2024-01-02, 1.2.3]", ["12:30", "2024-01-02", "1.2.3"]),
        ("[~, null, ]", [None, None]),
        ("99999999999999999999", 1e20),
        ("a: !custom {b: 1}", {"a": {"b": 1}}),
        ("{2: a, true: b, 1.5: c, ~: d}", {2: "a", "true": "b", "1.5": "c", "null": "d"}),
        ("a: &x {b: 1}\nc: {<<: *x, d: 2}", {"a": {"b": 1}, "c": {"b": 1, "d": 2}}),
        ("a\n---\nb", "a"),
        ("--- >\n one\n two\n", "one two\n"),
    ],
)
def test_yaml_is_read_as_yaml_1_2(text: str, value: Any) -> None:
    assert yaml.decode(text) == value


def test_yaml_keys_are_sorted_or_in_the_order_asked_for() -> None:
    value = {"b": 1, "a": {"name": "x", "id": 1}, "name": "n"}
    assert yaml.encode(value) == "a:\n  id: 1\n  name: x\nb: 1\nname: 'n'\n"
    assert yaml.encode(value, {"field_order": ["name", "b"]}) == "name: 'n'\nb: 1\na:\n  name: x\n  id: 1\n"
    assert yaml.encode(value, {"sort_unordered": False}) == "b: 1\na:\n  name: x\n  id: 1\nname: 'n'\n"


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000, "? " * 100_000])
def test_deep_yaml_is_refused_before_it_can_break_anything(text: str) -> None:
    with pytest.raises(Error, match="too large") as caught:
        yaml.decode(text)
    assert caught.value.kind == INTERNAL


def test_a_billion_laughs_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    began = time.thread_time()
    with pytest.raises(Error, match="too large"):
        yaml.decode("\n".join(lines))
    assert time.thread_time() - began < 20


@pytest.mark.parametrize("text", ["a: [1", "a: b: c", "\t- a", "*unknown", "a: &", "%YAML 9.9", "? [a]: b", "!!int x"])
def test_bad_yaml_is_internal_as_bad_json_is(text: str) -> None:
    with pytest.raises(Error, match=r"^yaml\.decode: ") as caught:
        yaml.decode(text)
    assert (caught.value.kind, caught.value.retryable) == (INTERNAL, False)


@pytest.mark.parametrize("options", [{"field_order": "a"}, {"indent": 99}, {"width": 5}, 5])
def test_bad_yaml_options_are_invalid(options: Any) -> None:
    with pytest.raises(Error) as caught:
        yaml.encode({"a": 1}, options)
    assert caught.value.kind == INVALID


FORMATS = ("gzip", "zlib", "deflate", "brotli", "zstd")


@pytest.mark.parametrize("name", FORMATS)
def test_compressed_there_and_back(name: str) -> None:
    data = b"to and fro, " * 1000
    packed = compress.encode(name, data)
    assert packed == compress.encode(name, data), "no time stamps"
    assert len(packed) < 200
    assert compress.decode(name, packed) == data
    assert compress.decode(name, compress.encode(name, "x", {"level": 9})) == b"x"


@pytest.mark.parametrize("name", FORMATS)
def test_what_cannot_be_unpacked_is_invalid(name: str) -> None:
    packed = compress.encode(name, b"to and fro, " * 1000)
    bomb = compress.encode(name, bytes(compress.MAX_SIZE + 1))
    for data, options in (
        (packed[:-3], None),
        (b"\xff" * 20, None),
        (packed, {"max_size": 100}),
        (bomb, None),
        (bomb, {"max_size": 1 << 40}),
        (b"", None),
        (packed, {"max_size": 0}),
        (packed, {"level": 1}),
        (5, None),
    ):
        with pytest.raises(Error) as caught:
            compress.decode(name, data, options)
        assert caught.value.kind == (INTERNAL if "more than" in caught.value.message else INVALID)


@pytest.mark.parametrize(("name", "level"), [("gzip", 10), ("zlib", 0), ("brotli", 12), ("zstd", 23), ("gzip", "9")])
def test_a_level_out_of_range_is_invalid(name: str, level: Any) -> None:
    with pytest.raises(Error) as caught:
        compress.encode(name, "x", {"level": level})
    assert caught.value.kind == INVALID


def test_gzip_parts_that_follow_each_other_are_one_text() -> None:
    assert compress.decode("gzip", compress.encode("gzip", "a") + compress.encode("gzip", "b")) == b"ab"


def test_a_missing_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(Error, match=r"actorflow\[compress\]") as caught:
        compress.encode("zstd", "x")
    assert caught.value.kind == UNAVAILABLE


PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "pattern": "^(a+)+$"},
        "tags": {"type": "array"},
        "more": {"type": "object"},
    },
    "required": ["name"],
}


def test_what_fits_a_schema_is_true() -> None:
    assert schema.validate(json.dumps(PERSON), '{"name": "aaa", "tags": []}') is True


@pytest.mark.parametrize(
    ("data", "why", "paths"),
    [
        ('{"name": 5}', "at /name: 5 is not of type", ["/name"]),
        ("{}", '"name" is a required property', [""]),
        ("[]", "is not of type", [""]),
        ('{"name": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"}', "does not match", ["/name"]),
        ("{", "data: Expecting", None),
    ],
)
def test_what_does_not_fit_is_invalid_with_its_places(data: str, why: str, paths: list[str] | None) -> None:
    with pytest.raises(Error, match=why) as caught:
        schema.validate(json.dumps(PERSON), data)
    assert caught.value.kind == INVALID
    found = caught.value.details
    assert (found and [fault["path"] for fault in found["errors"]]) == paths


def test_an_empty_table_of_lua_is_a_list_or_a_map() -> None:
    assert schema.validate(json.dumps(PERSON), '{"name": "a", "tags": [], "more": []}', loose_data=True)
    assert schema.validate(
        '{"type": "object", "properties": [], "required": []}', "[]", loose_schema=True, loose_data=True
    )
    with pytest.raises(Error, match="required"):
        schema.validate(json.dumps(PERSON), "[]", loose_data=True)


@pytest.mark.parametrize(
    "text", ['{"type": "nope"}', "[]", "{", '{"$ref": "http://127.0.0.1/x"}', '{"pattern": "(a"}', "5"]
)
def test_what_is_no_schema_is_invalid(text: str) -> None:
    with pytest.raises(Error) as caught:
        schema.validate(text, "{}")
    assert caught.value.kind == INVALID


EXPONENTIAL = {
    "$defs": {"a0": {"type": "integer"}}
    | {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n - 1}"}] * 2} for n in range(1, 60)},
    "$ref": "#/$defs/a59",
}
DEEPER = {"properties": {"a": {"$ref": "#"}}, "anyOf": [{"properties": {"a": {"$ref": "#"}}}]}
NAMED = {"$anchor": "top", "items": {"anyOf": [{"$ref": "#top"}, {"$ref": "#top"}]}}
ITSELF = {"$recursiveRef": "#", "$ref": "#", "items": {"$dynamicRef": "#"}}


@pytest.mark.parametrize(
    ("made", "data"),
    [
        (EXPONENTIAL, "1"),
        (DEEPER, '{"a":' * 60 + "1" + "}" * 60),
        (NAMED, "[" * 60 + "]" * 60),
        (ITSELF, "[" * 300 + "]" * 300),
    ],
)
def test_a_schema_that_means_exponential_work_is_refused_or_quick(made: Any, data: str) -> None:
    began = time.thread_time()
    try:
        schema.validate(json.dumps(made), data)
    except Error as error:
        assert error.kind == INVALID  # noqa: PT017 - the last of them fits
        assert "steps" in error.message  # noqa: PT017
    else:
        assert made is ITSELF
    assert time.thread_time() - began < 20


def test_long_enumerations_and_unevaluated_parts_count_as_work() -> None:
    numbers = list(range(20_000))
    parts = [{"properties": {f"x{n}": True}} for n in range(2_000)]
    members = {f"x{n}": 1 for n in range(2_000)}
    for made, data in (
        ({"items": {"enum": numbers}}, numbers),
        ({"allOf": parts, "unevaluatedProperties": False}, members),
    ):
        with pytest.raises(Error, match="steps of work"):
            schema.validate(json.dumps(made), json.dumps(data))


def test_a_large_list_is_no_exponential_work() -> None:
    people = [{"name": "a" * 3, "tags": []}] * 10_000
    assert schema.validate(json.dumps({"items": PERSON}), json.dumps(people))
