"""Hypothesis strategies for values that may cross a boundary."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from actorflow.errors import Failure
from actorflow.value import INT_MAX, INT_MIN

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
integers = st.integers(INT_MIN, INT_MAX)
scalars = st.none() | st.booleans() | integers | st.floats(allow_nan=False) | texts | st.binary(max_size=30)
keys = texts | integers


def _deeper(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    maps = st.dictionaries(keys, inner, max_size=5)
    failures = st.builds(
        Failure,
        texts,
        kind=texts.filter(bool),
        retryable=st.none() | st.booleans(),
        details=st.none() | st.dictionaries(texts, inner, max_size=3),
        stack=texts,
    )
    return st.lists(inner, max_size=5) | maps | failures


values = st.recursive(scalars, _deeper, max_leaves=25)
"""Values that cross unchanged: no tuples, no objects, nothing over a limit."""
