"""Expressions: expr-lang's answers, bounded work, and errors with a place."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actorflow.errors import INTERNAL, INVALID, Error
from actorflow.module import expr
from actorflow.module.policy import Policy, Question, evaluate

ENV: dict[str, Any] = {
    "orders": [{"id": 1, "total": 5}, {"id": 2, "total": 15}],
    "user": {"name": "Ada", "age": 36, "tags": ["a", "b"], "none": None},
    "empty": [],
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("7 / 2", 3.5),
        ("-7 % 3", -1),
        ("2 ** 3 ** 2", 512.0),
        ("-2 ** 2", -4.0),
        ("1 == 1.0", True),
        ("1 == true", False),
        ("'a' + \"b\" + `c`", "abc"),
        (r"'\u00e4\n\x41'", "ä\nA"),
        ("0x1F + 0b11 + 0o7 + 1_000", 1041),
        ("true ? 1 : 2", 1),
        ("user.name ?: 1", None),  # Ada is not a boolean
        ("nil ?? 5", 5),
        ("user?.address?.city", None),
        ("user.address?.city.zip", None),
        ("user.tags[-1]", "b"),
        ("user['name'][1:]", "da"),
        ("user.tags[:1]", ["a"]),
        ("'a' in user.tags and 'x' not in user.tags", True),
        ("'name' in user", True),
        ("user.name matches '^A.a$' && !(user.name contains 'x')", True),
        ("user.name not startsWith 'B'", True),
        ("user.name endsWith 'da'", True),
        ("filter(orders, {#.total > 10})[0].id", 2),
        ("map(orders, .total)", [5, 15]),
        ("orders | filter(.total > 1) | map(.id) | sum()", 3),
        ("any(orders, {# .total == 15 && #index == 1})", True),
        ("all(empty, false) && none(orders, .total > 20) && one(orders, .id == 1)", True),
        ("count(orders, .total > 10)", 1),
        ("reduce(1..4, #acc * #, 1)", 24),
        ("find(orders, .id == 2).total", 15),
        ("findIndex(orders, .id == 9)", -1),
        ("sortBy(orders, .total, 'desc')[0].id", 2),
        ("groupBy(orders, .total > 10).true[0].id", 2),
        ("map(1..2, map(1..#, # * 10))", [[10], [10, 20]]),
        ("let x = 2; let y = x * 2; x + y", 6),
        ("{a: 1, 'b': 2, (user.name): 3}", {"a": 1, "b": 2, "Ada": 3}),
        ("[1, 2,]", [1, 2]),
        ("len('äö') + len(user.tags) + len({})", 4),
        ("max(1, [7, 3]) + min([4, 2])", 9),
        ("round(2.5) + floor(-1.5) + ceil(1.1)", 3.0),
        ("upper(trim('  x ')) + join(split('a,b', ','), '-')", "Xa-b"),
        ("uniq([1, 1.0, '1', true])", [1, "1", True]),
        ("keys({b: 1, a: 2})", ["a", "b"]),
        ("fromJSON('[1]')[0] + int('2')", 3),
        ("string(2.0) + string(true) + toJSON([1])", "2true[1]"),
        ("type(nil) + type(1) + type(1.5) + type([])", "nilintfloatarray"),
        ("1 + /* one */ 1 // two", 2),
    ],
)
def test_the_answers_are_those_of_expr_lang(text: str, value: Any) -> None:
    if value is None and "?:" in text:
        with pytest.raises(Error, match="expected true or false"):
            expr.evaluate(text, ENV)
        return
    found = expr.evaluate(text, ENV)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("1 +", "line 1, column 4", "got the end, expected a value"),
        ("a &&\n  $b", "line 2, column 3", "got '$'"),
        ("(1", "line 1, column 3", "expected `)`"),
        ("foo(1)", "line 1, column 1", "no function 'foo'"),
        ("len()", "line 1, column 1", "len got 0 arguments, expected 1"),
        ("'x", "line 1, column 1", "a text without its end"),
        ("x matches '('", "line 1, column 11", "not a regular expression"),
        ("# > 1", "line 1, column 1", "expected a value"),
        ("a.b(1)", "line 1, column 4", "one of the functions"),
        ("99999999999999999999", "line 1, column 1", "64 bits"),
        ("(" * 9_999, "column 65", "nested deeper than 64 levels"),
        ("!" * 9_999, "column 65", "nested deeper"),
        ("-" * 9_999, "column 65", "nested deeper"),
        ("1" + "+1" * 5_000, "column", "64 levels"),
        ("a" + ".b" * 5_000, "column", "64 levels"),
        ("[" * 100 + "]" * 100, "column 65", "nested deeper"),
    ],
)
def test_what_is_no_expression_is_refused_with_its_place(text: str, place: str, message: str) -> None:
    with pytest.raises(Error) as caught:
        expr.check(text)
    assert caught.value.kind == INVALID
    assert place in caught.value.message
    assert message in caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        "1 + 'a'", "!1", "nil.x", "user.tags[9]", "9223372036854775807 + 1", "1 % 0", "len(1)", "user.name < 1",
        "map(1..1000000000, #)", "all(1..200, all(1..200, true))", "repeat('a', 999999999)",
        "reduce(1..64, [#acc, #acc])", "reduce(1..40, #acc + #acc, 'aaaa')", "reduce(1..64, concat(#acc, #acc), [1])",
        "1 && true", "filter(orders, 1)", "map(1..2, #acc)", "fromJSON('{')",
        "split(repeat('a', 1000000), '')", "sort([1, 'a'])", "user.name matches user.age",
    ],
)  # fmt: skip
def test_what_has_no_value_is_internal_and_takes_no_time(text: str) -> None:
    began = time.thread_time()
    with pytest.raises(Error) as caught:
        expr.evaluate(text, ENV)
    assert caught.value.kind == INTERNAL
    assert "line 1, column" in caught.value.message
    assert time.thread_time() - began < 5


def test_names_are_checked_where_they_are_known() -> None:
    with pytest.raises(Error, match="no name 'acter'; did you mean 'actor'"):
        expr.check("acter.id == 1", ["actor", "meta"])
    expr.check("let x = meta.a; any(actor.roles, # == x)", ["actor", "meta"])
    assert expr.evaluate("unknown", {}) is None
    for environment in ({0: None}, {"acto": 1, 7: 2}):  # a table of a script may have numbers for keys
        with pytest.raises(Error, match="no name 'actor'"):
            expr.check("actor", environment)


def test_nothing_of_python_is_reached() -> None:
    for text in ("user.__class__", "user['__class__']", "orders.append", "user.tags.__len__"):
        try:
            assert expr.evaluate(text, ENV) is None
        except Error as error:
            assert error.kind == INTERNAL  # noqa: PT017 - either answer will do
    assert expr.evaluate("(1.5)", {}) == 1.5
    assert math.isinf(expr.evaluate("1 / 0"))


@given(st.text(alphabet="ab1.()[]{}#'\"+-*!?:,<=&| \n\\/not in", max_size=40))
def test_any_text_gives_a_value_or_an_error(text: str) -> None:
    try:
        expr.evaluate(text, {"a": [1, {"b": 2}], "b": "x"})
    except Error as error:
        assert error.kind in {INVALID, INTERNAL}  # noqa: PT017 - and never another exception


def test_a_policy_that_cannot_be_judged_refuses() -> None:
    asked = Question({"id": "u", "meta": {}}, "read", "r", {"hour": 3})

    def verdict(effect: Any, text: str) -> str:
        return evaluate([Policy(("*",), ("*",), effect, expression=text)], asked)

    assert verdict("allow", "meta.hour < 6 && actor.id == 'u'") == "allow"
    assert verdict("allow", "meta.hour > 6") == "undefined"
    assert verdict("allow", "meta.none.x == 1") == "undefined"
    assert verdict("allow", "meta.hour") == "undefined"
    assert verdict("deny", "meta.none.x == 1") == "deny"
    assert verdict("deny", "meta.hour") == "deny"
    assert verdict("deny", "meta.hour > 6") == "undefined"
