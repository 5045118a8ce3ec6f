"""The time-outs and retries of calls of durable runs, and what a failed call tells about itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.hosts.place import FLOWS, Place
from tests.conformance.process.rig import until

CALLING = """
local function main(id, options, ...)
  local value, err = funcs.new():with_options(options):call(id, ...)
  if not err then return {value = value} end
  return {kind = err:kind(), message = err:message(), details = err:details()}
end
"""
NOTING = """
from collections.abc import Callable
from pathlib import Path
import trio
from actorflow.script import ctx

async def main(path, seconds):
    with Path(path).open("a") as file:
        file.write(f"{ctx.attempt}\\n")
    await trio.sleep(seconds)
    return "late"
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.lua("calling", CALLING)
    made.python("noting", NOTING, "function")
    made.python("failing", "def main():\n    raise ConnectionError('lost')\n", "function")
    return made


async def called(place: Place, function: str, options: dict[str, Any], *args: Any) -> Any:
    async with place.node() as node:
        return await node.exec("app:calling", host=FLOWS, args=[function, options, *args], timeout=40)


async def noted(place: Place, attempts: int, options: Callable[[str], dict[str, Any]]) -> Any:
    """Call what never ends, with more time where a slow machine does not begin so many attempts in it."""
    for time in ("300ms", "2s", "9s"):
        notes = place.path / f"notes-{time}"
        answer = await called(place, "app:noting", options(time), str(notes), 60)
        if notes.exists() and len(notes.read_text().split()) >= attempts:
            break
    assert notes.read_text().split() == [str(number + 1) for number in range(attempts)]
    return answer


async def test_an_attempt_that_takes_too_long_has_failed_and_is_retried(place: Place) -> None:
    policy = {"initialInterval": "1ms", "maximumAttempts": 3}
    answer = await noted(
        place, 3, lambda time: {"activity.start_to_close_timeout": time, "activity.retry_policy": policy}
    )
    assert (answer["kind"], answer["details"]["timeout_type"]) == ("Timeout", "start_to_close")
    assert answer["details"]["_retry_state"] == "MaximumAttemptsReached"


@pytest.mark.parametrize("kind", ["Timeout", "TemporalTimeout:StartToClose"])
async def test_a_time_out_may_be_named_as_not_retryable(place: Place, kind: str) -> None:
    policy = {"initial_interval": "1ms", "non_retryable_error_types": [kind]}
    answer = await noted(
        place,
        1,
        lambda time: {"temporal.activity.start_to_close_timeout": time, "temporal.activity.retry_policy": policy},
    )
    assert (answer["kind"], answer["details"]["_retry_state"]) == ("Timeout", "NonRetryableFailure")


async def test_a_call_ends_when_its_next_attempt_would_come_after_its_time(place: Place) -> None:
    options = {"activity.schedule_to_close_timeout": "1h", "activity.retry_policy": {"initialInterval": "2h"}}
    answer = await called(place, "app:failing", options)
    assert answer["kind"] == "Internal"
    assert "lost" in answer["message"]
    assert answer["details"]["_retry_state"] == "Timeout"


async def test_a_call_ends_in_time_with_its_attempt_running(place: Place) -> None:
    answer = await noted(place, 1, lambda time: {"activity.schedule_to_close_timeout": time})
    assert (answer["kind"], answer["details"]["timeout_type"]) == ("Timeout", "schedule_to_close")


async def test_a_call_that_gets_no_slot_in_time_is_not_attempted(place: Place) -> None:
    place.entries["flows"]["concurrency"] = 1
    place.lua(
        "main",
        """
        local function main(path)
          local first = funcs.async("app:noting", path, 60)
          local options = {activity = {schedule_to_start_timeout = "300ms"}}
          local _, err = funcs.new():with_options(options):call("app:noting", path, 0)
          process.inbox():receive()
          first:cancel()
          return {err:kind(), err:details().timeout_type}
        end
        """,
    )
    notes = place.path / "notes"
    async with place.node() as node:
        pid = await node.spawn("app:main", host=FLOWS, args=[str(notes)])
        await until(notes.exists)
        await node.send(pid, "go")
        assert await node.wait(pid, timeout=30) == ["Timeout", "schedule_to_start"]
    assert notes.read_text().split() == ["1"]


async def test_a_failed_call_says_which_call_it_was(place: Place) -> None:
    async with place.node() as node:
        args = ["app:failing", {"retry": {"max_attempts": 1}, "activity.id": "my-call"}]
        pid = await node.spawn("app:calling", host=FLOWS, args=args, options={"workflow.id": "one"})
        details = (await node.wait(pid, timeout=20))["details"]
    assert details.pop("_run_id")
    assert details == {
        "_wrapper": "activity",
        "_activity_id": "my-call",
        "_workflow_id": "one",
        "_retry_state": "MaximumAttemptsReached",
    }


async def test_presets_of_a_function_hold_and_options_of_a_call_win(place: Place) -> None:
    presets = {"activity.retry_policy": {"initial_interval": "1ms", "maximum_attempts": 2}}
    place.entries["failing"]["meta"] = {"options": presets}
    place.entries["noting"]["meta"] = {
        "options": {"activity.start_to_close_timeout": "20ms", "retry": {"max_attempts": 1}}
    }
    assert (await called(place, "app:failing", {}))["details"]["_retry_state"] == "MaximumAttemptsReached"
    notes = str(place.path / "notes")
    assert (await called(place, "app:noting", {}, notes, 60))["kind"] == "Timeout"
    options = {"temporal.activity.start_to_close_timeout": "10s"}
    assert await called(place, "app:noting", options, notes, 0.05) == {"value": "late"}


async def test_an_option_that_is_wrong_is_named(place: Place) -> None:
    answer = await called(place, "app:failing", {"activity.heartbeat_timeout": "soon"})
    assert answer["kind"] == "Invalid"
    assert "activity.heartbeat_timeout" in answer["message"]
