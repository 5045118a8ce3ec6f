"""Golden journals: what was recorded once replays in every release, up to any point of its history."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from actorflow.app import languages
from actorflow.bundle import Bundle
from actorflow.codec import decode, encode
from actorflow.run import event as events
from actorflow.run.event import JournalEvent, sealed
from actorflow.run.rule import FIRST, LOST_CHILDREN, NEWEST, RULES, SHIELDED, rules_of
from actorflow.run.verdict import DIVERGES, NEEDS_PIN, Verdict
from hosts.workflow.checking import check_journal
from hosts.workflow.live import Fact, LiveRun
from tests.vectors.journals.generate import WIDE

FILES = sorted((Path(__file__).parents[2] / "vectors" / "journals").glob("*.cbor"))
LANGUAGES = languages()


def golden(file: Path) -> tuple[list[JournalEvent], Bundle, str]:
    data: Any = decode(file.read_bytes())
    journal = [JournalEvent(*event) for event in data["events"]]
    return journal, Bundle.from_bytes(data["bundle"]), data["host"]


def checked(journal: list[JournalEvent], bundle: Bundle, host: str) -> Verdict:
    program = LANGUAGES[bundle.language].compile(bundle, durable=True)
    return check_journal(journal, bundle, program, host)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_golden_journal_replays_up_to_every_point(file: Path) -> None:
    journal, bundle, host = golden(file)
    other = max((event.seq for event in journal if event.kind == events.RUN_ACCEPTED), default=1)  # code, before that
    cuts = [place for place, event in enumerate(journal) if place >= other and event.kind in events.FACTS]
    for end in (*cuts, len(journal)):
        verdict = checked(journal[:end], bundle, host)
        assert verdict.is_safe, f"{file.name}, {end} events: {verdict.reason}\n{verdict.report}"


@pytest.mark.slow  # not for its time: a new kind of event needs its journal by the next release, not by the next test
def test_golden_journals_have_every_kind_of_event_in_both_languages() -> None:
    kinds = {value for name, value in vars(events).items() if name.isupper() and isinstance(value, str)}
    for language in ("lua", "py"):
        recorded = {event.kind for file in FILES if f"-{language}" in file.stem for event in golden(file)[0]}
        assert not kinds - recorded, f"record runs that have them: see generate.py ({language})"


@pytest.mark.parametrize("name", ["1-work-py-1", "1-work-lua-9"])
def test_a_golden_journal_does_not_fit_another_script(name: str) -> None:
    file = next(file for file in FILES if file.stem == name)
    journal, bundle, host = golden(file)
    source = bundle.source.replace('"app:double", 21', '"app:double", 22')
    assert source != bundle.source
    other = Bundle(bundle.id, bundle.kind, source, method=bundle.method, modules=bundle.modules)
    verdict = checked(journal, other, host)
    assert (verdict.word, verdict.step) == (DIVERGES, 2)
    assert "21" in verdict.report
    assert "22" in verdict.report


@pytest.mark.parametrize("language", ["lua", "py"])
@pytest.mark.parametrize(("rules", "kept", "heard"), [(FIRST, events.PROCESS_EXITED, 1), (LOST_CHILDREN, "", 0)])
def test_the_end_of_a_lost_child_is_told_by_the_first_rules_only(
    rules: int, kept: str, heard: int, language: str
) -> None:
    """The switch of rule 2 in both positions: what runs had begun under the first rules is told to them for ever."""
    file = next(file for file in FILES if file.stem.startswith(f"3-orphaning{rules}-{language}"))
    journal, bundle, host = golden(file)
    assert rules_of(decode(journal[0].payload)) == rules
    assert decode(journal[-1].payload) == ["new", heard]
    taken = {event.kind for event in journal if event.kind in {events.PROCESS_EXITED, events.RESULT_SUPERSEDED}}
    assert taken == {kept or events.RESULT_SUPERSEDED}
    live = LiveRun("", LANGUAGES[bundle.language].compile(bundle, durable=True), mock.Mock(), mock.Mock())
    live.rules, live.lost = rules, (range(2, 3),)
    exited = Fact(events.PROCESS_EXITED, 2, "", b"", 0)
    assert (live.wants(exited), live.is_lost(exited)) == ((True, False) if heard else (False, True))
    assert checked(journal, bundle, host).is_safe


@pytest.mark.parametrize("language", ["lua", "py"])
@pytest.mark.parametrize(("rules", "dropped"), [(FIRST, 1), (LOST_CHILDREN, 1), (SHIELDED, 0)])
def test_a_second_cancel_cuts_compensations_short_by_the_older_rules_only(
    rules: int, dropped: int, language: str
) -> None:
    """The switch of rule 3 in both positions."""
    file = next(file for file in FILES if file.stem.startswith(f"4-undoing{rules}-{language}"))
    journal, bundle, host = golden(file)
    assert rules_of(decode(journal[0].payload)) == rules
    kinds = [event.kind for event in journal]
    assert kinds.count(events.CANCEL_REQUESTED) == 2
    assert kinds.count(events.REQUEST_DROPPED) == dropped
    assert checked(journal, bundle, host).is_safe


def test_results_that_came_after_the_end_do_not_hinder_a_replay() -> None:
    journal, bundle, host = golden(next(file for file in FILES if file.stem == "4-undoing1-py-12"))
    for _ in range(2):
        last = journal[-1]
        seq, late, salt = last.seq + 1, events.FUNCTION_COMPLETED, decode(journal[0].payload)["run_id"].encode()
        journal.append(sealed(last.checksum, salt, seq, events.RESULT_SUPERSEDED, 3, late, b"", b"", last.at))
        assert checked(journal, bundle, host).is_safe


def test_every_rule_has_journals_of_runs_that_go_by_it() -> None:
    for language in ("lua", "py"):
        journals = (golden(file)[0] for file in FILES if f"-{language}" in file.stem)
        assert {rules_of(decode(journal[0].payload)) for journal in journals} == set(RULES)


def test_a_journal_of_a_newer_release_is_not_replayed() -> None:
    journal, bundle, host = golden(next(file for file in FILES if file.stem == "2-work-py-1"))
    last = journal[-1]
    strange = sealed(last.checksum, b"salt", last.seq + 1, "RunTeleported", 0, "", b"", b"", last.at)
    verdict = checked([*journal, strange], bundle, host)
    assert (verdict.word, verdict.fact) == (NEEDS_PIN, 0)
    assert f"event {strange.seq} of its journal is RunTeleported, which only a newer release knows" in verdict.reason
    damaged = [*journal[:-1], last._replace(kind="RunTeleported")]
    assert "newer release" not in checked(damaged, bundle, host).reason, "what is damaged is no newer release's"
    started = encode({**decode(journal[0].payload), "format": NEWEST + 1}, WIDE)
    newer = sealed(b"", b"salt", 1, events.RUN_STARTED, 0, journal[0].target, started, b"", journal[0].at)
    assert f"it began under rule {NEWEST + 1} of a newer release" in checked([newer], bundle, host).reason
