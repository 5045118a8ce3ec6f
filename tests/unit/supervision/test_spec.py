"""The lifecycle of an entry as a spec."""

from __future__ import annotations

from typing import Any

import pytest

from actorflow.duration import MILLISECOND, MINUTE, SECOND
from actorflow.errors import Error
from actorflow.supervision.spec import RestartPolicy, ServiceSpec


def test_defaults() -> None:
    spec = ServiceSpec.from_lifecycle("app:s", {})
    assert spec == ServiceSpec(
        id="app:s",
        auto_start=False,
        startup="required",
        start_timeout=10 * SECOND,
        stop_timeout=10 * SECOND,
        stable_threshold=5 * SECOND,
        requires=(),
        restart=RestartPolicy(SECOND, 90 * SECOND, 2.0, 0.1, 0),
    )


def test_everything_that_can_be_written() -> None:
    spec = ServiceSpec.from_lifecycle(
        "app:s",
        {
            "auto_start": True,
            "startup": "optional",
            "start_timeout": "1m",
            "stop_timeout": 5,
            "stable_threshold": "250ms",
            "requires": ["db", "other:x"],
            "depends_on": ["app:db", "y"],
            "security": {"actor": {"id": "a"}},
            "restart": {"initial_delay": "2s", "max_delay": "3s", "backoff_factor": 1, "jitter": 1, "max_attempts": 4},
        },
    )
    assert spec.requires == ("app:db", "other:x", "app:y")
    assert (spec.auto_start, spec.startup) == (True, "optional")
    assert (spec.start_timeout, spec.stop_timeout, spec.stable_threshold) == (MINUTE, 5, 250 * MILLISECOND)
    assert spec.restart == RestartPolicy(2 * SECOND, 3 * SECOND, 1, 1, 4)


def test_absent_and_none_are_the_same() -> None:
    written = {"requires": None, "start_timeout": None, "restart": None}
    assert ServiceSpec.from_lifecycle("app:s", written) == ServiceSpec("app:s")
    assert ServiceSpec.from_lifecycle("app:s", {"restart": {"max_delay": None}}) == ServiceSpec("app:s")


def test_a_written_zero_means_the_default() -> None:
    assert RestartPolicy(0, 0, 0, 0, 0) == RestartPolicy()


@pytest.mark.parametrize(
    ("lifecycle", "text"),
    [
        ({"startup": "sometimes"}, "lifecycle startup: got 'sometimes', expected 'required' or 'optional'"),
        ({"stop_timeout": -1}, "lifecycle stop_timeout"),
        ({"start_timeout": "soon"}, "not a duration: got 'soon'"),
        ({"restart": {"backoff_factor": 0.5}}, "backoff_factor: got 0.5, expected at least 1"),
        ({"restart": {"jitter": 1.5}}, "jitter"),
        ({"restart": {"max_attempts": -1}}, "max_attempts"),
        ({"restart": {"initial_delay": "-1s"}}, "initial_delay"),
        ({"restart": {"max_delay": "-1s"}}, "max_delay"),
    ],
)
def test_nonsense_is_refused_by_name(lifecycle: dict[str, Any], text: str) -> None:
    with pytest.raises(Error) as caught:
        ServiceSpec.from_lifecycle("app:s", lifecycle)
    assert text in caught.value.message
