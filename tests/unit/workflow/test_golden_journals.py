"""Golden journals: what was recorded once replays in every release, up to any point of its history."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actorflow.app import languages
from actorflow.bundle import Bundle
from actorflow.codec import decode
from actorflow.run import event as events
from actorflow.run.event import JournalEvent
from actorflow.run.verdict import DIVERGES, Verdict
from hosts.workflow.checking import check_journal

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
