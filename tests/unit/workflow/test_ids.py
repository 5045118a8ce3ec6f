"""Ids that are made by hand, for speed, are what the standard library would have made."""

from __future__ import annotations

import uuid

from hosts.workflow.entropy import Entropy
from hosts.workflow.start import invocation_id


def test_a_random_uuid_is_of_version_4_and_never_the_same() -> None:
    entropy = Entropy()
    texts = [entropy.uuid() for _ in range(2_000)]
    made = [uuid.UUID(text) for text in texts]
    assert {(one.version, one.variant) for one in made} == {(4, uuid.RFC_4122)}
    assert [str(one) for one in made] == texts
    assert len(set(texts)) == len(texts)


def test_an_invocation_id_is_the_uuid_of_the_request_in_its_run() -> None:
    runs = [uuid.uuid4() for _ in range(100)]
    assert [invocation_id(str(run), ref) for run in runs for ref in (1, 20, 3_000)] == [
        str(uuid.uuid5(run, str(ref))) for run in runs for ref in (1, 20, 3_000)
    ]
