"""Retry options from scripts: whatever is written is refused as Invalid, or gives waits that can be waited for."""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actorflow.duration import MILLISECOND
from actorflow.errors import INVALID, UNAVAILABLE, Error, Failure
from actorflow.run.retry import DURABLE_DEFAULT, RetryPolicy, policy_of

NUMBERS: Final = st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats())
ANYTHING: Final = st.one_of(st.none(), st.booleans(), NUMBERS, st.text(max_size=5), st.lists(st.text(max_size=3)))
NAMES: Final = ("max_attempts", "initial_delay", "max_delay", "backoff_factor", "jitter", "retry_kinds", "skip_kinds")


@given(st.one_of(ANYTHING, st.dictionaries(st.sampled_from([*NAMES, "atempts"]), ANYTHING)), st.integers(1, 2**31))
def test_any_options_are_invalid_or_give_waits(retry: Any, attempt: int) -> None:
    try:
        policy = policy_of({"retry": retry}, DURABLE_DEFAULT)
    except Error as error:
        assert error.kind == INVALID  # noqa: PT017 - either is right
        return
    wait = policy.delay(attempt, Failure("no", UNAVAILABLE))
    assert wait is None or 0 <= wait <= (policy.maximum or 2**62)


@pytest.mark.parametrize("factor", [1e300, 10.0, 2.0])
def test_waits_grow_up_to_the_maximum_however_fast(factor: float) -> None:
    policy = RetryPolicy(initial=MILLISECOND, factor=factor, maximum=0)
    assert policy.delay(1_000, Failure("no", UNAVAILABLE)) == 2**62
