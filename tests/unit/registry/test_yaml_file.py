from __future__ import annotations

import math
from typing import Any

import pytest

from actorflow.registry.document import MAX_DEPTH, Document, SyntaxFault
from actorflow.registry.yaml_file import plain_scalar, read_yaml


def read(text: str) -> Document:
    (document,) = read_yaml(text)
    return document


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("False", False),
        ("no", "no"),
        ("on", "on"),
        ("12", 12),
        ("-3", -3),
        ("0o17", 15),
        ("0x1F", 31),
        ("-0x1F", -31),
        ("0b101", 5),
        ("0600", 384),
        ("-017", -15),
        ("+7", 7),
        ("00", 0),
        ("089", 89),
        ("-08", -8),
        ("+0900", 900),
        ("-0b11", -3),
        ("+0o17", 15),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".inf", math.inf),
        ("-.inf", -math.inf),
        ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01"),
        ("10s", "10s"),
        ("-", "-"),
        ("1_000", "1_000"),
    ],
)
def test_plain_scalars_follow_the_core_schema_of_yaml_1_2_and_the_octals_of_1_1(text: str, value: Any) -> None:
    assert plain_scalar(text) == value
    assert type(plain_scalar(text)) is type(value)


def test_quoted_scalars_are_text() -> None:
    assert read("a: '1'\nb: \"true\"\nc: |\n  2\n").value == {"a": "1", "b": "true", "c": "2\n"}


def test_every_key_and_item_keeps_its_line() -> None:
    mark = read("a: 1\nb:\n  c:\n    - x\n    -\n      d: 1\n").mark
    assert mark.at(("a",)).line == 1
    assert mark.at(("b",)).line == 2
    assert mark.at(("b", "c")).line == 3
    assert mark.at(("b", "c", 0)).line == 4
    assert mark.at(("b", "c", 1, "d")).line == 6
    assert mark.at(("b", "nothing", "here")).line == 2


def test_a_text_knows_how_many_lines_come_before_its_own() -> None:
    mark = read('a: |\n  first\nb: "one"\n').mark
    assert mark.at(("a",)).text == 1
    assert mark.at(("b",)).text == 2


def test_merge_keys_bring_in_what_is_not_there() -> None:
    document = read("x: &x {a: 1, b: 2}\ny:\n  <<: *x\n  b: 3\nz: {<<: [{a: 5}, *x]}\n")
    assert document.value["y"] == {"a": 1, "b": 3}
    assert document.value["z"] == {"a": 5, "b": 2}
    assert document.issues == []


@pytest.mark.parametrize(
    ("text", "line", "got"),
    [
        ("a: 1\nb:\n  a: 1\n  a: 2\n", 4, "the key 'a' again, first in line 3"),
        ("a: !Ref x\n", 1, "the tag !Ref"),
        ("a: !!int x\n", 1, "'x' with the tag"),
        ("a: !!binary '*'\n", 1, "with the tag"),
        ("true: 1\n", 1, "true as a key"),
        ("? [a]\n: 1\n", 1, "a list as a key"),
        ("1.5: 1\n", 1, "1.5 as a key"),
        ("a: 99999999999999999999\n", 1, "an integer beyond 64 bits"),
        ("a: {<<: 3}\n", 1, "3 after <<"),
    ],
)
def test_what_a_registry_file_may_not_hold_is_an_issue_with_its_line(text: str, line: int, got: str) -> None:
    (issue,) = read(text).issues
    assert issue.line == line
    assert got in issue.got


def test_tags_of_the_core_schema_convert() -> None:
    document = read("a: !!str 1\nb: !!float 2\nc: !!binary aGk=\nd: !!null ''\ne: !!seq [1]\n")
    assert document.value == {"a": "1", "b": 2.0, "c": b"hi", "d": None, "e": [1]}
    assert document.issues == []


@pytest.mark.parametrize(
    ("text", "line", "got"),
    [
        ("a: 1\nb: [\n", 3, "malformed YAML"),
        ("a:\n\tb: 1\n", 2, "a tab in the indentation"),
        ("a: 1\nb: x\x07\n", 2, "control character"),
        ("a: *x\n", 1, "the alias *x"),
        ("a: &x [*x]\n", 1, "inside its own anchor"),
        ("[" * 200, 1, f"nesting deeper than {MAX_DEPTH}"),
        ("- " * 200, 1, f"nesting deeper than {MAX_DEPTH}"),
        ('a: "\\uD800"', 1, "malformed YAML"),
    ],
)
def test_text_that_is_not_yaml_is_refused_with_its_line(text: str, line: int, got: str) -> None:
    with pytest.raises(SyntaxFault) as caught:
        read_yaml(text)
    assert caught.value.line == line
    assert got in caught.value.got


def test_an_alias_bomb_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    with pytest.raises(SyntaxFault) as caught:
        read_yaml("\n".join(lines))
    assert "aliases" in caught.value.got


def test_aliases_do_not_nest_deeper_than_anything_else() -> None:
    lines = [f"a0: &a0 {'[' * 40}{']' * 40}", f"a1: &a1 {'[' * 40}*a0{']' * 40}"]
    with pytest.raises(SyntaxFault, match="nesting deeper"):
        read_yaml("\n".join(lines))


def test_ten_thousand_open_brackets_do_not_hang() -> None:
    with pytest.raises(SyntaxFault):
        read_yaml("[" * 100_000)


def test_several_documents_are_read_one_after_another() -> None:
    assert [document.value for document in read_yaml("a: 1\n---\nb: 2\n")] == [{"a": 1}, {"b": 2}]
    assert read_yaml("# nothing\n") == []
