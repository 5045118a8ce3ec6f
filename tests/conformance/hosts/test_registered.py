"""Registered tests that use nothing a workflow may not: they pass as functions, and their code, unchanged, as workflows."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from actorflow.app import boot, read_registry
from actorflow.errors import Error

APPS: Final = Path(__file__).parents[2] / "apps"
EVERYWHERE: Final = {
    "messaging": (
        *("message_methods", "message_no_payload", "message_several_payloads", "message_nil_payload"),
        *("message_fields_of_the_payload", "send_to_nobody", "send_to_an_at_topic", "send_to_an_empty_topic"),
        *("send_wrong_arguments", "send_to_itself", "topic_inbox_yields_messages", "topic_same_channel_each_time"),
        *("topic_listen_yields_values", "topic_listen_for_messages", "topic_message_mode_stays"),
        *("topic_exact_topics_only", "topic_bad_topics", "topic_unlisten_closes", "topic_unlisten_of_another"),
        *("topic_binds_an_existing_channel", "topic_one_channel_a_topic", "topic_listener_before_inbox"),
        *("topic_kept_until_somebody_listens", "topic_there_before_listen_returns", "topic_routed_when_delivered"),
        "topic_a_busy_channel_is_overtaken",
    ),
    "funcs": (
        *("call_returns_the_first_value", "call_nil_and_false_are_values", "call_bad_ids", "call_a_text_is_final"),
        *("call_inherits_values", "call_executor_is_immutable", "call_executor_checks_its_arguments"),
        *("call_executor_async", "option_never_what_is_final", "option_time_out", "option_in_time"),
        *("future_is_an_object", "future_one_channel", "future_delivers_a_payload_once", "future_pending"),
        *("future_complete", "future_cancelled", "future_cancel_after_the_end", "future_nil_result"),
        "future_first_of_several",
    ),
    "values": (
        *("copy_scalars", "copy_bytes", "copy_integers_and_floats", "copy_tables_in_depth"),
        *("copy_caller_keeps_its_table", "copy_copied_when_sent", "copy_shared_parts_come_apart"),
        *("copy_cycles_are_refused", "copy_metatables_stay_behind", "copy_userdata_becomes_nil"),
        *("copy_errors_stay_errors", "copy_several_and_nil_arguments", "copy_empty_tables"),
        *("copy_sequences_with_holes", "copy_too_deep", "copy_strange_keys", "frozen_module_tables"),
        *("frozen_standard_libraries", "frozen_freeze", "frozen_is_frozen", "frozen_frozen_tables_cross"),
    ),
    "names": ("own_pid", "unknown_name", "unregistered", "constants", "scopes", "same_pair_again", "bad_arguments"),
}


@pytest.mark.parametrize("area", EVERYWHERE)
async def test_the_same_code_passes_as_a_workflow(area: str, tmp_path: Path) -> None:
    tests = [f"app.{area}:{name}" for name in EVERYWHERE[area]]
    host = f"app.{area}:host"
    kinds = [f"{test}:kind=process.lua" for test in tests]
    durable = [f"{host}:kind=workflow.host", f"{host}:data.database=memory"]
    assert {entry.id for entry in read_registry(APPS / area).find(type="test")} >= set(tests)
    wrong = []
    async with boot(APPS / area, data=tmp_path, overrides=[*kinds, *durable]) as booted:
        for test in tests:
            try:
                await booted.node.exec(test, host=host, timeout=30)
            except Error as error:
                wrong.append(f"{test}: {error.message}\n{error.failure.stack}")
    assert not wrong, "\n\n".join(["", *wrong])
