from __future__ import annotations

from typing import Any

import pytest

from actorflow.cli.exec import exit_code


@pytest.mark.parametrize(
    ("result", "code"),
    [(0, 0), (1, 1), (255, 255), (256, 1), (-1, 1), (True, 0), (False, 1), ("x", 0), (None, 0), (1.5, 0), ([3], 0)],
)
def test_a_number_is_the_exit_code_and_false_a_failure(result: Any, code: int) -> None:
    assert exit_code(result) == code
