"""The debugger, timelines and exports over every golden journal: all kinds of events, both languages."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from actorflow.app import debugger_of, moment_of, verdict_of
from actorflow.bundle import Bundle
from actorflow.cli.going_back import print_past
from actorflow.cli.output import plain
from actorflow.codec import decode
from actorflow.run import event as events
from actorflow.run.turn import OpenRun, RunRow
from actorflow.run.verdict import PARTLY, SAFE
from actorflow.store.capsule import Capsule
from actorflow.store.capsule_file import packed, unpacked
from actorflow.store.past import other_source, past, until
from actorflow.store.redact import redacted
from actorflow.store.timeline import timeline
from tests.unit.workflow.test_golden_journals import FILES, golden


def capsule_in(file: Path) -> Capsule:
    journal, bundle, host = golden(file)
    started: Any = decode(journal[0].payload)
    ids = started["run_id"], started["workflow_id"], bundle.id, host, bundle.hash
    last = journal[-1]
    row = RunRow(1, *ids, "waiting", 1, 0, journal[0].at, last.at, "", 0, 0, last.seq, last.checksum)
    return Capsule(OpenRun(row, journal, [], [], []), bundle, engine="1")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_step_is_the_same_from_both_sides(file: Path) -> None:
    debugger = debugger_of(capsule_in(file))
    forward = [seen(debugger)]
    while debugger.forward():
        forward.append(seen(debugger))
    assert not debugger.fault
    assert debugger.seq == len(debugger.journal)
    back = [seen(debugger)]
    while debugger.back():
        back.append(seen(debugger))
    assert back[::-1] == forward
    debugger.close()


def seen(debugger: Any) -> str:
    """Return the step as JSON: the order of variables is Python's, and a frame keeps none."""
    return json.dumps(plain(moment_of(debugger)), sort_keys=True)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_run_of_every_kind_is_shown_as_it_was(file: Path) -> None:
    capsule = capsule_in(file)
    lines = timeline(capsule.held)
    assert all(line["end"] is None or line["end"] >= line["start"] for line in lines)
    accepts = (event.seq for event in capsule.held.events if event.kind == events.RUN_ACCEPTED)
    other = max(accepts, default=0)  # code before that, which the capsule does not have
    for event in capsule.held.events:
        was = past(capsule, event.seq)
        assert len(was["steps"]) + len(was["requests"]) == sum(line["seq"] <= event.seq for line in lines)
        if event.seq >= other:
            assert verdict_of(until(capsule, event.seq)).word == SAFE


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_run_of_every_kind_is_exported_whole_and_without_its_values(file: Path) -> None:
    capsule = capsule_in(file)
    assert verdict_of(unpacked(packed(capsule))).word == SAFE
    assert verdict_of(unpacked(packed(redacted(capsule, ["amount"])))).word in {SAFE, PARTLY}
    assert verdict_of(unpacked(packed(redacted(capsule)))).word in {SAFE, PARTLY}


@pytest.mark.parametrize("name", ["1-work-py-1", "1-work-lua-9"])
def test_the_debugger_stops_where_the_script_does_something_else(name: str) -> None:
    capsule = capsule_in(next(file for file in FILES if file.stem == name))
    bundle = capsule.bundle
    source = bundle.source.replace('"app:double", 21', '"app:double", 22')
    other = Bundle(bundle.id, bundle.kind, source, method=bundle.method, modules=bundle.modules)
    debugger = debugger_of(replace(capsule, bundle=other))
    assert not debugger.forward()
    stopped = moment_of(debugger)
    assert "the journal has" in stopped["fault"]
    assert stopped["tasks"][0]["place"]
    assert not debugger.forward(), "it goes no further"
    assert debugger.back()
    assert not moment_of(debugger)["fault"]
    debugger.close()


@pytest.mark.parametrize("language", ["lua", "py"])
def test_a_run_that_has_gone_on_with_other_code_says_so_of_the_time_before(
    language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsule = capsule_in(next(file for file in FILES if file.stem.startswith(f"3-changing-{language}")))
    last = max(event.seq for event in capsule.held.events if event.kind == events.RUN_ACCEPTED)
    sources = [other_source(capsule, event.seq) for event in capsule.held.events]
    assert len({source for source in sources if source}) == 2
    assert sources[last - 1 :] == [""] * (len(sources) - last + 1)
    print_past(capsule, 4, as_json=False)
    printed = capsys.readouterr().out
    assert f"it went by source {sources[3][:16]}… then" in printed
    assert "ways out" not in printed
    print_past(capsule, len(sources), as_json=False)
    assert "it went by" not in capsys.readouterr().out
