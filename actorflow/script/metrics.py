"""Metrics: counters, gauges and histograms of the node. Silent while a durable run is replayed.

    metrics.counter_inc("orders", {"country": "de"})
    metrics.histogram("order_seconds", 0.25)

Works in processes and in functions. Nothing is awaited, and nothing is known of a measurement that did not fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from actorflow.module.metrics import check
from actorflow.script.logger import note

Labels: TypeAlias = Mapping[str, Any] | None


def counter_inc(name: str, labels: Labels = None) -> None:
    """Count one more.

    Raises:
        Error: kind Invalid, for an empty name or labels that are no map of texts; so do all functions of this module.
    """
    _measure("counter_add", name, 1, labels)


def counter_add(name: str, value: float, labels: Labels = None) -> None:
    """Count `value` more, which is 0 or more."""
    _measure("counter_add", name, value, labels)


def gauge_set(name: str, value: float, labels: Labels = None) -> None:
    """Say what something is now."""
    _measure("gauge_set", name, value, labels)


def gauge_inc(name: str, labels: Labels = None) -> None:
    """Say that something is one more now."""
    _measure("gauge_add", name, 1, labels)


def gauge_dec(name: str, labels: Labels = None) -> None:
    """Say that something is one less now."""
    _measure("gauge_add", name, -1, labels)


def histogram(name: str, value: float, labels: Labels = None) -> None:
    """Add a value to a distribution."""
    _measure("histogram", name, value, labels)


def _measure(operation: str, name: str, value: float, labels: Labels) -> None:
    texts = check(operation, name, value, labels)
    note("metric", name, {"operation": operation, "value": value, "labels": texts})
