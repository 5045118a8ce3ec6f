"""The rig of the crash matrices: a place that was not died at is explained, and another one is died at."""

from __future__ import annotations

import pytest

from tests.crash.rig import dies_instead


@pytest.mark.parametrize(("point", "instead"), [("50:before", "11:before"), ("79:after", "40:after")])
def test_a_place_behind_the_end_of_a_life_is_one_that_no_life_is_spared(point: str, instead: str) -> None:
    assert dies_instead(point, commits=49, fewest=40) == instead


@pytest.mark.parametrize(
    ("point", "commits"), [("40:before", 39), ("40:after", 60), ("50:after", 50), ("50:before", 51)]
)
def test_a_life_that_came_to_its_place_and_did_not_die_is_a_failure(point: str, commits: int) -> None:
    with pytest.raises(AssertionError, match="did not die"):
        dies_instead(point, commits, fewest=40)
