"""Durations are read as people write them and printed as Go prints them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from actorflow.duration import (
    DAY,
    HOUR,
    MICROSECOND,
    MILLISECOND,
    MINUTE,
    SECOND,
    format_duration,
    parse_duration,
    to_nanoseconds,
)
from actorflow.errors import Error

LARGEST = 2**63 - 1


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("0", 0),
        ("+0", 0),
        ("0s", 0),
        ("10s", 10 * SECOND),
        ("1h30m", 90 * MINUTE),
        ("1h 30m", 90 * MINUTE),
        ("1.5s", 1500 * MILLISECOND),
        (".5s", 500 * MILLISECOND),
        ("1.s", SECOND),
        ("-2ms", -2 * MILLISECOND),
        ("+2ms", 2 * MILLISECOND),
        ("5min", 5 * MINUTE),
        ("24 hours", DAY),
        (" 1 day ", DAY),
        ("2w", 14 * DAY),
        ("1sec", SECOND),
        ("3us", 3 * MICROSECOND),
        ("3µs", 3 * MICROSECOND),
        ("3μs", 3 * MICROSECOND),  # the Greek letter, which Go accepts too
        ("7ns", 7),
        ("9223372036854775807ns", LARGEST),
        ("0.000000001s", 1),
    ],
)
def test_spellings(text: str, nanoseconds: int) -> None:
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "-",
            "s",
            "10",
            "1.5",
            "10x",
            "0x",
            "1h30",
            "--5s",
            "+-5s",
            "1e3s",
            "1,5s",
            "5S",
            "1..5s",
            ". s",
            "0x1s",
        ),
        *("nan", "9223372036854775808ns", "300000w", "9" * 1_000_000 + "s", "1s" * 500),
    ],
)
def test_what_is_not_a_duration_is_refused(text: str) -> None:
    with pytest.raises(Error, match=r"not a duration: got .* expected a number with a unit") as caught:
        parse_duration(text)
    assert caught.value.kind == "Invalid"


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert abs(parse_duration(text)) <= LARGEST
    except Error as error:
        assert error.kind == "Invalid"  # noqa: PT017 - almost all of the drawn texts are refused


@example(LARGEST)
@example(-LARGEST)
@example(999 * MICROSECOND + 999)
@given(st.integers(-LARGEST, LARGEST) | st.integers(-2 * DAY, 2 * DAY))
def test_what_is_printed_is_read_again(nanoseconds: int) -> None:
    assert parse_duration(format_duration(nanoseconds)) == nanoseconds


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1500, "1.5µs"),
        (2 * MILLISECOND, "2ms"),
        (SECOND, "1s"),
        (1500 * MILLISECOND, "1.5s"),
        (90 * SECOND, "1m30s"),
        (MINUTE, "1m0s"),
        (HOUR + 30 * MINUTE, "1h30m0s"),
        (HOUR, "1h0m0s"),
        (25 * HOUR, "25h0m0s"),
        (-1500 * MILLISECOND, "-1.5s"),
        (SECOND + 1, "1.000000001s"),
    ],
)
def test_durations_are_printed_as_go_prints_them(nanoseconds: int, text: str) -> None:
    assert format_duration(nanoseconds) == text


@pytest.mark.parametrize(
    ("value", "unit", "nanoseconds"),
    [
        ("2s", MILLISECOND, 2 * SECOND),
        (250, MILLISECOND, 250 * MILLISECOND),
        (1.5, SECOND, 1500 * MILLISECOND),
        (-1, SECOND, -SECOND),
        (LARGEST, 1, LARGEST),
        (timedelta(days=1, seconds=2, microseconds=3), SECOND, DAY + 2 * SECOND + 3 * MICROSECOND),
        (timedelta(seconds=-1), SECOND, -SECOND),
    ],
)
def test_numbers_have_the_unit_of_their_place(value: Any, unit: int, nanoseconds: int) -> None:
    assert to_nanoseconds(value, unit) == nanoseconds


@pytest.mark.parametrize(
    "value", [True, None, [], float("nan"), float("inf"), 1e300, 2**70, LARGEST + 1, timedelta.max, timedelta.min]
)
def test_what_is_no_duration_or_out_of_range_is_refused(value: Any) -> None:
    with pytest.raises(Error, match="not a duration"):
        to_nanoseconds(value, 1)
