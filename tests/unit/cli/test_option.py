"""Options that verbs share."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from actorflow.cli.doctor import doctor
from actorflow.cli.option import one_directory


def test_a_registry_is_named_once_after_the_verb_or_with_an_option() -> None:
    assert one_directory(Path("a"), None) == one_directory(None, Path("a")) == Path("a")
    assert one_directory(None, None) is None
    with pytest.raises(typer.BadParameter, match="got the registry a and -C b"):
        one_directory(Path("a"), Path("b"))


def test_a_verb_takes_both_ways(tmp_path: Path) -> None:
    (tmp_path / "_index.yaml").write_text("namespace: app\nentries: []\n")
    app = typer.Typer(add_completion=False)
    app.command()(doctor)
    for words in (
        [str(tmp_path)],
        ["-C", str(tmp_path)],
        ["-C", str(tmp_path), "--data-directory", str(tmp_path / "d")],
    ):
        ended = CliRunner().invoke(app, words)
        assert "no store in data directory" in str(ended.exception), words
    assert CliRunner().invoke(app, [str(tmp_path), "-C", "x"]).exit_code == 2
