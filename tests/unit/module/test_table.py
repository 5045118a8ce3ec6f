"""The table of pure operations: by name, with errors that help, never a stray exception."""

from __future__ import annotations

import pytest

from actorflow.errors import INTERNAL, INVALID, NOT_FOUND, Error
from actorflow.module import table


def test_an_operation_is_found_by_its_name() -> None:
    assert table.call("base64.encode", ("hi",)) == "aGk="


@pytest.mark.parametrize("name", ["base64.encoed", "nothing.here", "nothing", "..base64.encode", "table.call", ""])
def test_what_is_no_operation_is_not_found(name: str) -> None:
    with pytest.raises(Error) as caught:
        table.call(name, ())
    assert caught.value.kind == NOT_FOUND
    assert caught.value.retryable is False


def test_what_an_operation_refuses_is_its_error() -> None:
    with pytest.raises(Error, match=r"base64\.encode: got the number 7, expected a string") as caught:
        table.call("base64.encode", (7,))
    assert caught.value.kind == INVALID


def test_arguments_that_do_not_fit_are_an_internal_error() -> None:
    with pytest.raises(Error, match=r"^base64\.encode: TypeError") as caught:
        table.call("base64.encode", (1, 2, 3))
    assert (caught.value.kind, caught.value.retryable) == (INTERNAL, False)
