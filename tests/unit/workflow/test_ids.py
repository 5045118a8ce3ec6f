"""Ids that are made by hand, for speed, are what the standard library would have made."""

from __future__ import annotations

import uuid

from hosts.workflow.entropy import Entropy
from hosts.workflow.start import invocation_id

NOW = 1_700_000_000_123_456_789


def test_a_uuid_is_of_version_7_and_never_the_same() -> None:
    entropy = Entropy()
    texts = [entropy.uuid(NOW) for _ in range(2_000)]
    made = [uuid.UUID(text) for text in texts]
    assert {(one.version, one.variant) for one in made} == {(7, uuid.RFC_4122)}
    assert [str(one) for one in made] == texts
    assert len(set(texts)) == len(texts)
    assert {one.int >> 80 for one in made} == {NOW // 1_000_000}


def test_uuids_are_in_order_of_time() -> None:
    entropy = Entropy()
    texts = [entropy.uuid(NOW + milliseconds * 1_000_000) for milliseconds in range(0, 100_000, 37)]
    assert texts == sorted(texts)


def test_an_invocation_id_is_the_uuid_of_the_request_in_its_run() -> None:
    runs = [uuid.uuid4() for _ in range(100)]
    assert [invocation_id(str(run), ref) for run in runs for ref in (1, 20, 3_000)] == [
        str(uuid.uuid5(run, str(ref))) for run in runs for ref in (1, 20, 3_000)
    ]
