from __future__ import annotations

import pytest

from actorflow.registry.document import SyntaxFault
from actorflow.registry.json_file import read_json


def test_values_and_lines() -> None:
    document = read_json('{\n\t"a": [1, -2.5e1, true,\n null],\n "b": {"c": "x\\/\\ud83d\\ude00 {[,"}\n}')
    assert document.value == {"a": [1, -25.0, True, None], "b": {"c": "x/😀 {[,"}}
    assert document.mark.at(("a",)).line == 2
    assert document.mark.at(("a", 3)).line == 3
    assert document.mark.at(("b", "c")).line == 4


@pytest.mark.parametrize(
    ("text", "line"), [('{"a": 1,\n}', 2), ("[NaN]", 1), ("[" * 100_000, 1), ("[" * 100 + "]" * 100, 1), ("", 1)]
)
def test_text_that_is_not_json_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(SyntaxFault) as caught:
        read_json(text)
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ('{"a": 1, "a": 2}', "again"),
        ('{"a": "\\ud800"}', "lone surrogate"),
        (f'{{"a": {"9" * 5000}}}', "beyond 64 bits"),
    ],
)
def test_what_a_registry_file_may_not_hold_is_an_issue(text: str, got: str) -> None:
    (issue,) = read_json(text).issues
    assert got in issue.got
