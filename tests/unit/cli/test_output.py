"""What the command line prints."""

from __future__ import annotations

import json
from typing import Any

import pytest

from actorflow.cli.failing import Ending, code_of, end_of
from actorflow.cli.output import plain, print_rows, print_value
from actorflow.errors import Error, Failure, invalid, not_found, unavailable

AT = 1_700_000_000_000_000_000
ROWS = [
    {"id": "app:a", "state": "running", "since": AT, "ended": AT, "failure": None},
    {"id": "app:long", "state": "failed", "since": None, "failure": Failure("broken\npipe", "Internal")},
]


def test_rows_are_plain_columns_away_from_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(ROWS, ("id", "state", "since", "failure"), as_json=False, empty="none")
    assert capsys.readouterr().out.splitlines() == [
        "id        state    since                     failure",
        "app:a     running  2023-11-14T22:13:20.000Z  -",
        "app:long  failed   -                         Internal: broken pipe",
    ]


def test_rows_are_a_table_on_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    print_rows([{"id": "[bold]x[/bold]"}], ("id",), as_json=False, empty="none")
    assert "[bold]x[/bold]" in capsys.readouterr().out


def test_rows_are_one_json_document_with_readable_times(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(ROWS, ("id",), as_json=True, empty="none")
    first, second = json.loads(capsys.readouterr().out)
    assert first["since"] == first["ended"] == "2023-11-14T22:13:20.000Z"
    assert second["failure"] == {"message": "broken\npipe", "kind": "Internal", "retryable": None}


def test_nothing_to_list_is_said_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([], ("id",), as_json=False, empty="no runs")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "no runs\n")
    print_rows([], ("id",), as_json=True, empty="no runs")
    assert capsys.readouterr().out == "[]\n"


@pytest.mark.parametrize(
    ("value", "printed"),
    [("text", "text\n"), (None, ""), (5, "5\n"), ({"ü": [b"\x00"]}, '{"ü": [{"base64": "AA=="}]}\n')],
)
def test_results_are_text_or_json(capsys: pytest.CaptureFixture[str], value: Any, printed: str) -> None:
    print_value(value, as_json=False)
    assert capsys.readouterr().out == printed


def test_keys_are_text_in_json() -> None:
    assert plain({1: "a", "b": (1, 2)}) == {"1": "a", "b": [1, 2]}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Error("x"), 1),
        (invalid("x"), 2),
        (not_found("x"), 3),
        (Error("x", "Conflict"), 4),
        (Error("x", "AlreadyExists"), 4),
        (unavailable("x"), 6),
        (Error("x", "Timeout"), 6),
        (Ending(5), 5),
        (KeyboardInterrupt(), 130),
        (BaseExceptionGroup("", [ValueError(), KeyboardInterrupt()]), 130),
        (ExceptionGroup("", [not_found("x")]), 3),
    ],
)
def test_each_end_has_its_exit_code(capsys: pytest.CaptureFixture[str], error: BaseException, code: int) -> None:
    assert end_of(error) == code
    if isinstance(error, Error):
        assert code_of(error.failure) == code
        assert f"error ({error.kind}): x" in capsys.readouterr().err


def test_what_is_not_foreseen_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        end_of(ZeroDivisionError())
