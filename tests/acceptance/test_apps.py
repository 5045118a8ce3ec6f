"""The registered tests of tests/apps run, tree by tree, and docs/conformance.md says what they prove."""

from __future__ import annotations

from pathlib import Path

import pytest

from actorflow.app import boot
from actorflow.cli.test import PASSED, run_test, select
from tests.apps import conformance


@pytest.mark.parametrize("tree", conformance.trees(), ids=lambda tree: tree.name)
async def test_tree(tree: Path, tmp_path: Path) -> None:
    logged: list[str] = []

    def log(level: str, text: str, fields: object) -> None:
        logged.append(f"{level}: {text} {fields}")

    async with boot(tree, data=tmp_path, overrides=conformance.overrides(tree), log=log) as booted:
        results = [await run_test(booted.node, entry) for entry in select(booted.registry, ())]
    bad = [result for result in results if result.outcome != PASSED]
    assert results
    assert not bad, "\n\n".join(["", *(f"{test.outcome} {test.id}\n{test.message}" for test in bad), *logged[-20:]])


def test_the_document_is_up_to_date() -> None:
    assert conformance.DOCUMENT.read_text() == conformance.document(), "run `make conformance`"


def test_every_test_proves_rules_that_exist() -> None:
    rules = conformance.bullets()
    unknown = {bullet: tests for bullet, tests in conformance.proofs().items() if bullet not in rules}
    assert unknown == {}, "`meta.bullet` lists ids that are in tests/apps/bullets"


def test_every_rule_is_proved_and_every_section_has_rules() -> None:
    rules, proofs = conformance.bullets(), conformance.proofs()
    assert [bullet for bullet in rules if bullet not in proofs] == [], "rules without a test"
    sections = {int(bullet.partition(".")[0]) for bullet in rules}
    assert sections >= {*range(1, 17)}
    assert proofs.get("", []) == [], "tests that name no rule: give them `meta.bullet`"


@pytest.mark.parametrize("text", ["6.1: unquoted is a number", '"6": no number', '"99.1": no section'])
def test_an_id_that_is_none_is_refused(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bullets").mkdir()
    (tmp_path / "bullets" / "6.yaml").write_text(text)
    monkeypatch.setattr(conformance, "APPS", tmp_path)
    with pytest.raises(ValueError, match=r"6\.yaml"):
        conformance.bullets()
