"""What is typed after a verb."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from actorflow.cli.argument import parse_args, parse_message, parse_seconds
from actorflow.errors import Error


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ([], []),
        (["1", "2.5", "true", "null", '"x"'], [1, 2.5, True, None, "x"]),
        (["World"], ["World"]),
        (["two words"], ["two words"]),
        (['{"a": [1]}'], [{"a": [1]}]),
        (["a=1", "b=x y", 'c=["z"]'], [{"a": 1, "b": "x y", "c": ["z"]}]),
        (["first", "a=1", "last", "b=2"], ["first", {"a": 1, "b": 2}, "last"]),
        (["url=http://x?a=b"], [{"url": "http://x?a=b"}]),
        (["a="], [{"a": ""}]),
        (["1+1=2"], ["1+1=2"]),
        (["NaN", "Infinity"], ["NaN", "Infinity"]),
        ([""], [""]),
        (["{local@app:flows|order/7}", "to={n@h:x|1}"], ["{local@app:flows|order/7}", {"to": "{n@h:x|1}"}]),
    ],
)
def test_args_are_json_or_pairs_or_text(typed: list[str], meant: list[Any]) -> None:
    assert parse_args(typed) == meant


def test_an_argument_may_come_from_a_file_or_stdin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.json").write_text('{"n": [1]}\n')
    (tmp_path / "a.txt").write_text("two\nlines\n")
    monkeypatch.setattr("sys.stdin", io.StringIO("[7]\n"))
    typed = [f"@{tmp_path}/a.json", "-", f"@{tmp_path}/a.txt", f"x=@{tmp_path}/a.json", "@@at"]
    assert parse_args(typed) == [{"n": [1]}, [7], "two\nlines", {"x": {"n": [1]}}, "@at"]
    with pytest.raises(Error, match=r"file 'nowhere\.json' cannot be read.*write @@"):
        parse_args(["@nowhere.json"])
    (tmp_path / "bad.json").write_text("{bad")
    with pytest.raises(Error, match=r"bad\.json: not JSON"):
        parse_args([f"@{tmp_path}/bad.json"])


@pytest.mark.parametrize("typed", ["{bad", '{"a": 1|2}', "[1,", '"open', "a={bad", "[" * 100_000])
def test_what_begins_like_json_must_be_json(typed: str) -> None:
    with pytest.raises(Error, match="not JSON: got") as caught:
        parse_args([typed])
    assert len(caught.value.message) < 300


def test_messages_are_a_topic_and_perhaps_a_payload() -> None:
    assert parse_message("approve={}") == ("approve", [{}])
    assert parse_message("note=a=b") == ("note", ["a=b"])
    assert parse_message("stop") == ("stop", [])
    with pytest.raises(Error, match="expected topic=json"):
        parse_message("=1")


@pytest.mark.parametrize(
    ("typed", "seconds"), [("30s", 30), ("1m30s", 90), ("2", 2), ("0.5", 0.5), ("250ms", 0.25), ("0", 0)]
)
def test_time_outs_have_units_or_are_seconds(typed: str, seconds: float) -> None:
    assert parse_seconds(typed) == seconds


@pytest.mark.parametrize("typed", ["soon", "-1s", "", "5 parsecs"])
def test_other_time_outs_are_refused(typed: str) -> None:
    with pytest.raises(Error):
        parse_seconds(typed)
