"""Messages as listeners see them, and the events of processes."""

from __future__ import annotations

from typing import Any

import pytest

from actorflow.errors import Failure
from actorflow.message import LINK_DOWN, Message, cancel_event, exit_event


@pytest.mark.parametrize(("payloads", "value"), [((), None), ((7,), 7), (([1],), [1]), ((1, 2), [1, 2])])
def test_a_listener_sees_nothing_one_payload_or_a_list(payloads: tuple[Any, ...], value: Any) -> None:
    assert Message("t", "", payloads).value == value


def test_a_message_prints_no_payload() -> None:
    assert repr(Message("t", "{n@h|1}", ("secret",))) == "Message(topic='t', sender='{n@h|1}')"


def test_an_exit_event_has_both_spellings_and_whole_seconds() -> None:
    event = exit_event("{n@h|1}", 2_999_999_999, 5, None)
    assert event == {
        "kind": "pid.exit",
        "type": "EXIT",
        "from": "{n@h|1}",
        "pid": "{n@h|1}",
        "at": 2,
        "result": {"value": 5, "error": None},
    }


def test_a_link_down_event_carries_the_failure() -> None:
    event = exit_event("{n@h|1}", 0, None, Failure("boom"), LINK_DOWN)
    assert (event["kind"], event["type"], event["result"]["error"]) == ("pid.link.down", "LINK_DOWN", Failure("boom"))


def test_a_cancel_event_names_the_sender_and_the_reason() -> None:
    event = cancel_event("{n@h|1}", 3_000_000_000, "shutdown")
    assert (event["kind"], event["type"], event["from"], event["at"], event["reason"]) == (
        "pid.cancel",
        "CANCEL",
        "{n@h|1}",
        3,
        "shutdown",
    )
