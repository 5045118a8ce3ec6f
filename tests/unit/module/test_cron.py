"""Cron expressions: what they name, across changes of clocks, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actorflow.duration import SECOND
from actorflow.errors import INVALID, NOT_FOUND, Error
from actorflow.module.cron import Cron

BEGIN = datetime(2026, 3, 27, 12, tzinfo=UTC)


def instants(text: str, count: int, zone: str = "UTC", begin: datetime = BEGIN) -> list[str]:
    cron, found, at = Cron(text, zone), [], int(begin.timestamp()) * SECOND
    for _ in range(count):
        following = cron.after(at)
        assert following is not None
        assert following > at
        at = following
        found.append(datetime.fromtimestamp(at / SECOND, UTC).strftime("%m-%dT%H:%M:%S"))
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 3 * * *", ["03-28T03:00:00", "03-29T03:00:00"]),
        ("*/20 * * * *", ["03-27T12:20:00", "03-27T12:40:00"]),
        ("0 9-10 * * MON-FRI", ["03-30T09:00:00", "03-30T10:00:00"]),
        ("0 0 1,15 * ?", ["04-01T00:00:00", "04-15T00:00:00"]),
        ("0 0 * * 7", ["03-29T00:00:00", "04-05T00:00:00"]),
        ("0 0 L * *", ["03-31T00:00:00", "04-30T00:00:00"]),
        ("*/30 * * * * *", ["03-27T12:00:30", "03-27T12:01:00"]),
        ("@daily", ["03-28T00:00:00", "03-29T00:00:00"]),
        ("@every 90m", ["03-27T13:30:00", "03-27T15:00:00"]),
        ("CRON_TZ=Asia/Tokyo 0 3 * * *", ["03-27T18:00:00", "03-28T18:00:00"]),
    ],
)
def test_expressions(text: str, expected: list[str]) -> None:
    assert instants(text, 2) == expected


def test_clocks_that_go_forward() -> None:
    # 02:30 does not exist on the 29th: it is due when the clocks have gone forward
    assert instants("30 2 * * *", 3, "Europe/Vienna") == ["03-28T01:30:00", "03-29T01:00:00", "03-30T00:30:00"]


def test_clocks_that_go_back() -> None:
    begin = datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert instants("30 2 * * *", 2, "Europe/Vienna", begin) == ["10-25T00:30:00", "10-26T01:30:00"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("* * *", "Wrong number of fields"),
        ("61 * * * *", "Bad minute"),
        ("0 0 31 2 *", "Bad day-of-month"),
        ("@every 1h 2 apples", "not a duration"),
        ("@every 10ms", "at least 1s"),
        ("@sometimes", "Wrong number of fields"),
        ("", "Wrong number of fields"),
        ("0 " * 500, "too many"),
    ],
)
def test_refused(text: str, problem: str) -> None:
    with pytest.raises(Error, match=problem) as caught:
        Cron(text)
    assert caught.value.kind == INVALID


def test_an_unknown_zone() -> None:
    with pytest.raises(Error) as caught:
        Cron("0 0 * * *", "Europe/Wien")
    assert caught.value.kind == NOT_FOUND


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        cron = Cron(text)
    except Error:
        return
    following = cron.after(0)
    assert following is None or following > 0
