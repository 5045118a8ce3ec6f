"""Time zones by name and instant."""

from __future__ import annotations

from typing import Any

import pytest

from actorflow.errors import INVALID, NOT_FOUND, Error
from actorflow.module.table import call

SUMMER, WINTER = 1720000000, 1705000000


@pytest.mark.parametrize(
    ("name", "seconds", "expected"),
    [
        ("UTC", SUMMER, [0, "UTC"]),
        ("Europe/Berlin", SUMMER, [7200, "CEST"]),
        ("Europe/Berlin", WINTER, [3600, "CET"]),
        ("Asia/Kolkata", WINTER, [19800, "IST"]),
        ("America/New_York", 2**62, [-18000, "EST"]),
        ("America/New_York", -(2**62), [-17762, "LMT"]),
    ],
)
def test_the_offset_that_holds_at_an_instant(name: str, seconds: int, expected: list[int | str]) -> None:
    assert call("zone.offset", (name, seconds)) == expected


@pytest.mark.parametrize(
    "name", ["", "Mars/Olympus", "../../etc/passwd", "/etc/localtime", "x" * 5000, "Europe", "a\0b"]
)
def test_a_zone_that_is_none_is_not_found(name: str) -> None:
    with pytest.raises(Error, match="unknown time zone") as caught:
        call("zone.offset", (name, 0))
    assert (caught.value.kind, caught.value.retryable) == (NOT_FOUND, False)


@pytest.mark.parametrize("args", [(), (5, 0), ("UTC",), ("UTC", 1.5), (None, None), ("UTC", True)])
def test_other_arguments_are_invalid(args: tuple[Any, ...]) -> None:
    with pytest.raises(Error) as caught:
        call("zone.offset", args)
    assert caught.value.kind == INVALID
