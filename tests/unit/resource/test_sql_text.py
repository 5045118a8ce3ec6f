"""SQL as scripts write it, made into what drivers take; values on their way in and out."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actorflow.errors import INVALID, Error
from actorflow.resource.sql_text import MAX_LENGTH, MYSQL, NUMBERED, POSTGRES, SQLITE, Flavor, count_marks, statements
from actorflow.resource.sql_value import parameters, plain
from actorflow.resource.store_text import from_text, to_text
from tests.unit.strategies import values


@pytest.mark.parametrize(
    ("flavor", "text", "made", "used"),
    [
        (SQLITE, "SELECT ?, ?", "SELECT ?, ?", "ab"),
        (SQLITE, "SELECT $2, $1, $2", "SELECT ?, ?, ?", "bab"),
        (SQLITE, "SELECT ?2, ?1", "SELECT ?, ?", "ba"),
        (
            SQLITE,
            "SELECT '?''?', \"?\", [?], `?`, ? -- ?\n, ?/* ? */",
            "SELECT '?''?', \"?\", [?], `?`, ? -- ?\n, ?/* ? */",
            "ab",
        ),
        (SQLITE, "SELECT ? || '%' || ?", "SELECT ? || '%' || ?", "ab"),
        (POSTGRES, "SELECT ? LIKE '%', ? % 2", "SELECT %s LIKE '%%', %s %% 2", "ab"),
        (POSTGRES, "SELECT $1::jsonb ? 'k', $2", "SELECT %s::jsonb ? 'k', %s", "ab"),
        (
            POSTGRES,
            "SELECT E'\\'?', $$ ? $1 $$, $x$ $$ ? $x$, ?, ?",
            "SELECT E'\\'?', $$ ? $1 $$, $x$ $$ ? $x$, %s, %s",
            "ab",
        ),
        (POSTGRES, "SELECT 'a\\', ?, ?", "SELECT 'a\\', %s, %s", "ab"),
        (MYSQL, "SELECT 'a\\'?', \"\\\"?\", ? # ?\n, ?", "SELECT 'a\\'?', \"\\\"?\", %s # ?\n, %s", "ab"),
        (NUMBERED, "SELECT ?, ?", "SELECT $1, $2", "ab"),
    ],
)
def test_placeholders_are_rewritten_outside_of_texts_names_and_comments(
    flavor: Flavor, text: str, made: str, used: str
) -> None:
    (statement,) = statements(text, ["a", "b"], flavor)
    assert statement.text == made
    assert "".join(statement.values) == used
    assert count_marks(text, flavor) == 2


@pytest.mark.parametrize("flavor", [SQLITE, POSTGRES, MYSQL])
@pytest.mark.parametrize(
    "text", ["'", '"', "`", "/*", "--", "$$", "$a$", "[", "'" * 99_999, "/*" * 50_000, "$a" * 50_000]
)
def test_what_is_not_closed_reaches_to_the_end(flavor: Flavor, text: str) -> None:
    assert count_marks(text, flavor) == 0


@pytest.mark.parametrize("text", ["'a''?\\", "'?\\'?''?\\", '"?\\"?\\'])
def test_a_backslash_at_the_end_closes_nothing(text: str) -> None:
    assert count_marks(text, MYSQL) == 0


def test_several_statements_are_split_for_a_driver_that_takes_one() -> None:
    text = "SELECT ';', ?; /* ; */\nCREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT ?; SELECT CASE 1 WHEN 1 THEN 2 END; END; ; -- x"
    first, second = statements(text, [1, 2], SQLITE)
    assert first == ("SELECT ';', ?;", (1,))
    assert second.text.endswith("END; END;")
    assert second.values == (2,)
    assert len(statements("SELECT 1; SELECT 2", [], POSTGRES)) == 1


@pytest.mark.parametrize("text", ["", " \n", "-- x", "/* x */ ;", ";;"])
def test_a_blank_text_has_no_statement(text: str) -> None:
    assert statements(text, [], SQLITE) == []


@pytest.mark.parametrize(
    ("text", "given_values", "says"),
    [
        ("SELECT ?", [], "has 1 parameter, got 0 values; nil at the end of a list is lost, write sql.NULL"),
        ("SELECT 1", [1], "has 0 parameters, got 1 value"),
        ("SELECT $3", [1, 2], "has 3 parameters, got 2 values"),
        ("x" * (MAX_LENGTH + 1), [], "pass values as params"),
        ("CREATE TRIGGER t BEGIN " + "SELECT pend;" * 2000, [], "write it simpler"),
    ],
)
def test_wrong_texts_and_numbers_of_values_are_invalid(text: str, given_values: list[Any], says: str) -> None:
    with pytest.raises(Error) as caught:
        statements(text, given_values, SQLITE)
    assert caught.value.kind == INVALID
    assert says in caught.value.message


@given(st.text(st.sampled_from("ab ?'\"`[];-/*%\n\\"), max_size=40))
def test_nothing_but_marks_is_changed(text: str) -> None:
    count = count_marks(text, MYSQL)
    for statement in statements(text, list(range(count)), MYSQL):
        assert statement.values == tuple(range(count))
        assert (statement.text % tuple("?" * count)) == text


@given(st.text(st.sampled_from("ab ?'\"`[];-/*\n"), max_size=30))
def test_sqlite_finds_as_many_marks_as_we_do(text: str) -> None:
    query = f"SELECT 1 WHERE {text}"
    count = count_marks(query, SQLITE)
    connection = sqlite3.connect(":memory:")
    problem = ""
    try:
        connection.execute(query, [None] * count)
    except sqlite3.Error as error:  # most of these texts are no SQL
        problem = str(error)
    finally:
        connection.close()
    assert "number of bindings" not in problem


def test_values_of_drivers_become_ours() -> None:
    found = [
        Decimal("1.50"),
        UUID(int=1),
        2**70,
        datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC),
        date(2024, 1, 2),
        time(3, 4),
        timedelta(seconds=1.5),
        memoryview(b"x"),
        [Decimal(1), (2,)],
        None,
    ]
    assert [plain(item) for item in found] == [
        "1.50",
        "00000000-0000-0000-0000-000000000001",
        str(2**70),
        "2024-01-02T03:04:05+00:00",
        "2024-01-02",
        "03:04:00",
        1.5,
        b"x",
        ["1", [2]],
        None,
    ]


@pytest.mark.parametrize(
    ("written", "given_values"),
    [
        (None, []),
        ([], []),
        ({}, []),
        ([1, "a", b"b", None, True, 1.5], [1, "a", b"b", None, True, 1.5]),
        ({1: "a", 3: "c"}, ["a", None, "c"]),
        ([{"as": "int", "value": "7"}, {"as": "int", "value": b"7"}, {"as": "int", "value": 7.9}], [7, 7, 7]),
        ([{"as": "float", "value": 1}, {"as": "text", "value": True}, {"as": "text", "value": 1}], [1.0, "true", "1"]),
        ([{"as": "binary", "value": "é"}, {"as": "null"}, {"as": "int"}], ["é".encode(), None, None]),
    ],
)
def test_values_of_scripts_are_read(written: Any, given_values: list[Any]) -> None:
    assert parameters(written) == given_values
    assert [type(value) for value in parameters(written)] == [type(value) for value in given_values]


@pytest.mark.parametrize(
    "written",
    [
        *(
            "text",
            7,
            {"a": 1},
            {0: 1},
            {1_000_000: 1},
            [[1]],
            [{}],
            [{"as": "date", "value": 1}],
            [{"as": "int", "value": "x"}],
        ),
        *([{"as": "int", "value": float("inf")}], [{"as": "int", "value": 2**64}], [{"as": "float", "value": []}]),
        *([{"as": "int", "value": 1, "more": 2}], [{"as": "text", "value": b"\xff"}]),
    ],
)
def test_values_that_are_none_are_invalid(written: Any) -> None:
    with pytest.raises(Error, match="params") as caught:
        parameters(written)
    assert caught.value.kind == INVALID


@given(values)
def test_every_value_survives_being_text(value: Any) -> None:
    assert from_text(to_text(value)) == value
