"""Failures are data, errors carry them, and boundaries see no unknown kinds."""

from __future__ import annotations

import pytest

from actorflow.errors import (
    CANCELED,
    Cancelled,
    Error,
    Failure,
    Rejected,
    failure_of,
    invalid,
    not_found,
    unavailable,
)


def test_an_error_shows_the_parts_of_its_failure() -> None:
    error = Error("no stock", "Conflict", retryable=False, details={"sku": "a"})
    assert (error.message, error.kind, error.retryable, error.details) == (
        "no stock",
        "Conflict",
        False,
        {"sku": "a"},
    )
    assert str(error) == str(error.failure) == "no stock"


def test_an_error_may_be_made_around_a_failure() -> None:
    failure = Failure("m", "K", retryable=True, stack="file.lua:3: in main")
    assert Error(failure).failure is failure


def test_empty_details_are_no_details() -> None:
    assert Failure("m", details={}) == Failure("m")
    assert Failure("m", details={}).details is None


def test_an_unknown_kind_becomes_internal_when_it_crosses() -> None:
    assert Failure("m", "", retryable=True).crossing() == Failure("m", "Internal", retryable=True)
    known = Failure("m", "Mine")
    assert known.crossing() is known


def test_cancellation_is_not_swallowed_by_except_exception() -> None:
    assert not issubclass(Cancelled, Exception)
    assert (Cancelled("stop").reason, str(Cancelled())) == ("stop", "cancelled")


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (Error("m", ""), Failure("m", "Internal")),
        (Cancelled("stop"), Failure("stop", CANCELED, retryable=False)),
        (ValueError("bad"), Failure("ValueError: bad", "Internal")),
        (Rejected("no", details={"a": 1}), Failure("no", "Invalid", retryable=False, details={"a": 1})),
    ],
)
def test_every_exception_has_a_failure(error: BaseException, failure: Failure) -> None:
    assert failure_of(error) == failure


def test_the_short_forms() -> None:
    assert invalid("m", path="a").failure == Failure("m", "Invalid", retryable=False, details={"path": "a"})
    assert not_found("m").failure == Failure("m", "NotFound", retryable=False)
    assert unavailable("m").failure == Failure("m", "Unavailable", retryable=True)


def test_text_that_nobody_could_encode_is_escaped_in_a_failure() -> None:
    failure = Failure("a\ud800b", "K\udfff", stack="s\ud800")
    assert (failure.message, failure.kind, failure.stack) == ("a\\ud800b", "K\\udfff", "s\\ud800")
    assert Failure("grün").message == "grün"
    assert str(Error("a\ud800b").failure) == "a\\ud800b"
