"""Metrics: series by type, name and labels."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actorflow.errors import INVALID, Error
from actorflow.node.metrics import BOUNDS, Metrics
from actorflow.notice import Notice


def test_counters_add_gauges_move_and_labels_tell_series_apart() -> None:
    metrics = Metrics()
    for labels in ({"a": 1}, {"a": "1"}, {"a": True}, None):
        metrics.record("counter_add", "n", 2, labels)
    metrics.record("gauge_set", "n", 5.5)
    metrics.record("gauge_add", "n", -1)
    metrics.record("gauge_set", "m", 3)
    assert [(line["type"], line["name"], line["labels"], line["value"]) for line in metrics.read()] == [
        ("counter", "n", {}, 2),
        ("counter", "n", {"a": "1"}, 4),
        ("counter", "n", {"a": "true"}, 2),
        ("gauge", "m", {}, 3),
        ("gauge", "n", {}, 4.5),
    ]


@given(st.lists(st.floats(0, 20, allow_nan=False), min_size=1))
def test_a_histogram_counts_what_is_at_most_each_bound(values: list[float]) -> None:
    metrics = Metrics()
    for value in values:
        metrics.record("histogram", "h", value)
    (line,) = metrics.read()
    held = line["value"]
    assert held["count"] == len(values)
    assert math.isclose(held["sum"], sum(values), abs_tol=1e-9)
    assert (held["min"], held["max"]) == (min(values), max(values))
    assert held["buckets"] == [[bound, sum(value <= bound for value in values)] for bound in BOUNDS]


@pytest.mark.parametrize(
    "args",
    [
        ("counter_sub", "n", 1, None),
        ("counter_add", "", 1, None),
        ("counter_add", "n", -1, None),
        ("counter_add", "n", math.inf, None),
        ("gauge_set", "n", True, None),
        ("gauge_set", "n", "1", None),
        ("gauge_set", "n", 1, "label"),
        ("gauge_set", "n", 1, {"": "x"}),
        ("gauge_set", "n", 1, {"a": []}),
    ],
)
def test_what_is_no_measurement_is_refused(args: tuple[Any, ...]) -> None:
    with pytest.raises(Error, match="metrics") as raised:
        Metrics().record(*args)
    assert raised.value.kind == INVALID


def test_too_many_series_are_dropped_with_one_notice() -> None:
    notices: list[Notice] = []
    metrics = Metrics(notices.append)
    for number in range(10_005):
        metrics.record("counter_add", "n", 1, {"user": number})
    metrics.record("counter_add", "n", 1, {"user": 3})
    assert len(metrics.read()) == 10_000
    assert [notice.code for notice in notices] == ["metrics-full"]
