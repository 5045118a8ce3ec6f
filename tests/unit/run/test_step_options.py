"""Options of a step: what the call that it makes is given, and what is refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from actorflow.errors import INVALID, Error
from actorflow.run.step import call_options, misspelt


def test_options_of_the_call_go_with_those_of_the_step() -> None:
    made = call_options({"retries": 2, "options": {"retry": {"max_delay": "5s"}, "key": "k"}}, "charge")
    assert made["key"] == "k"
    assert made["retry"] == {"max_delay": "5s", "max_attempts": 3, "initial_delay": "1s"}


@pytest.mark.parametrize("options", [{"options": 5}, {"options": [1]}, {"retries": 1, "options": {"retry": "often"}}])
def test_options_that_are_no_table_are_named(options: dict[str, Any]) -> None:
    with pytest.raises(Error, match=r"step option options.*expected a table") as caught:
        call_options(options, "charge")
    assert caught.value.kind == INVALID


def test_long_texts_are_no_misspelt_options() -> None:
    assert misspelt(["retrys"])
    assert not misspelt(["x" * 10_000_000])
