"""The text that Prometheus reads."""

from __future__ import annotations

from actorflow.cli.metrics import exposition
from actorflow.node.metrics import Metrics


def test_all_types_names_and_labels_are_exposed() -> None:
    metrics = Metrics()
    metrics.record("counter_add", "orders.paid", 2, {"by": 'a"b\\c\nd'})
    metrics.record("counter_add", "orders.paid", 1, {"by": "e"})
    metrics.record("gauge_set", "7up", 1.5)
    metrics.record("gauge_set", "orders.paid", 3)
    metrics.record("histogram", "took", 0.2, {"of-what": "x"})
    lines = list(exposition(metrics.read()))
    assert lines[:6] == [
        "# TYPE orders_paid counter",
        'orders_paid{by="a\\"b\\\\c\\nd"} 2',
        'orders_paid{by="e"} 1',
        "# TYPE _7up gauge",
        "_7up 1.5",
        "# TYPE orders_paid_gauge gauge",
    ]
    assert "# TYPE took histogram" in lines
    assert 'took_bucket{of_what="x",le="0.1"} 0' in lines
    assert 'took_bucket{of_what="x",le="0.25"} 1' in lines
    assert lines[-3:] == [
        'took_bucket{of_what="x",le="+Inf"} 1',
        'took_sum{of_what="x"} 0.2',
        'took_count{of_what="x"} 1',
    ]
