"""The node's metrics: counters, gauges and histograms that scripts write, read by whoever watches the node.

A series is a name with labels. A counter, a gauge and a histogram of the same name are three things. What is kept of a
histogram are count, sum, least and greatest, and how many values were at most each of its bounds.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from threading import Lock
from typing import Any, Final

from actorflow.module.metrics import check
from actorflow.notice import Notice, NoticeSink, drop
from actorflow.value import Value

LEVEL: Final = "metric"
"""The level of a note that is no log line but a measurement: see `Node.note`."""

BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The upper bounds of a histogram's buckets: those of the Prometheus clients, made for seconds."""

_MOST_SERIES: Final = 10_000

_Key = tuple[str, str, tuple[tuple[str, str], ...]]


class Histogram:
    """The values of one series, counted by bucket; values beyond the last bound count in `count` alone."""

    __slots__ = ("buckets", "count", "maximum", "minimum", "sum")

    def __init__(self) -> None:
        """Make an empty histogram."""
        self.count = 0
        self.sum = 0.0
        self.minimum = math.inf
        self.maximum = -math.inf
        self.buckets = [0] * len(BOUNDS)

    def add(self, value: float) -> None:
        """Count a value."""
        self.count += 1
        self.sum += value
        self.minimum = min(self.minimum, value)
        self.maximum = max(self.maximum, value)
        place = bisect_left(BOUNDS, value)
        if place < len(BOUNDS):
            self.buckets[place] += 1

    def value(self) -> dict[str, Value]:
        """Return it as a value; the bucket of a bound has the values at most that, those of lower bounds included."""
        total, buckets = 0, []
        for bound, count in zip(BOUNDS, self.buckets, strict=True):
            total += count
            buckets.append([bound, total])
        return {
            "count": self.count,
            "sum": self.sum,
            "min": self.minimum,
            "max": self.maximum,
            "buckets": buckets,
        }


class Metrics:
    """All series of one node. May be written from any thread."""

    def __init__(self, notices: NoticeSink = drop) -> None:
        """Make a registry without series; `notices` is told once when there are too many."""
        self._notices = notices
        self._series: dict[_Key, float | Histogram] = {}
        self._full = False
        self._lock = Lock()

    def record(self, operation: str, name: str, value: float, labels: Mapping[str, Any] | None = None) -> None:
        """Do `counter_add`, `gauge_set`, `gauge_add` or `histogram`.

        A new series beyond 10 000 is dropped, with one notice in all.

        Raises:
            Error: kind Invalid, for a wrong operation, name, value or label; see `actorflow.module.metrics.check`.
        """
        texts = check(operation, name, value, labels)
        key = (operation.partition("_")[0], name, tuple(sorted(texts.items())))
        with self._lock:
            held = self._series.get(key)
            if held is None and len(self._series) >= _MOST_SERIES:
                self._tell_full(name)
            elif operation == "histogram":
                histogram = self._series.setdefault(key, Histogram())
                assert isinstance(histogram, Histogram)  # noqa: S101 - the key begins with the type
                histogram.add(value)
            else:
                before = held if isinstance(held, int | float) and operation != "gauge_set" else 0
                self._series[key] = before + value

    def read(self) -> list[dict[str, Value]]:
        """Return all series, sorted by type, name and labels: `type`, `name`, `labels`, `value`."""
        with self._lock:
            return list(self._lines())

    def _lines(self) -> Iterator[dict[str, Value]]:
        for (kind, name, labels), held in sorted(self._series.items(), key=lambda item: item[0]):
            value = held.value() if isinstance(held, Histogram) else held
            yield {"type": kind, "name": name, "labels": dict(labels), "value": value}

    def _tell_full(self, name: str) -> None:
        if not self._full:
            self._full = True
            text = f"{_MOST_SERIES:,} series of metrics are kept, {name!r} and further new ones are dropped"
            self._notices(Notice("metrics-full", f"{text}; use fewer values of labels"))
