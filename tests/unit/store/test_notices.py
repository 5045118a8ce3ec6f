"""Notifications of PostgreSQL: what they say, and what comes of those that say nothing that is known."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from actorflow.store.postgres_notice import Awaited, PostgresListener, heard, notices


@pytest.mark.parametrize(
    ("texts", "runs"),
    [
        (notices("other", [3, 1, 2]), [3, 1, 2]),
        (notices("me", [3]), []),
        (notices("other", []), None),
        (["other:1", "other:"], None),
        (["other:1", "other:one"], None),
        (["anything"], None),
        (["other:1,"], None),
        (["other:" + "9" * 7000], None),
    ],
)
def test_who_is_told_of_runs_reads_these_and_looks_after_anything_else(
    texts: list[str], runs: list[int] | None
) -> None:
    assert heard("me", texts) == runs


class Said:
    """A connection on which these notifications come, of the channels `news` and `await`."""

    def __init__(self, *said: tuple[str, str]) -> None:
        self._said = list(said)

    def execute(self, _text: object) -> Any:
        return SimpleNamespace(fetchone=lambda: ("news", "await"))

    def notifies(self, **_how: object) -> Iterator[Any]:
        while self._said:
            channel, payload = self._said.pop(0)
            yield SimpleNamespace(channel=channel, payload=payload)

    def close(self) -> None:
        """There is nothing to close."""


def test_what_somebody_else_says_ends_no_listener() -> None:
    awaited = Awaited()
    said: Any = Said(("await", "7"), ("await", "seven"), ("await", ""), ("news", "other:1"))
    listener = PostgresListener("here", lambda: said, "me", awaited)
    assert listener.wait(0.0) is None
    assert listener.wait(0.0) == [1]
    assert awaited.of([1, 7]) == [7]
    listener.close()
