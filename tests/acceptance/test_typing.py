"""The script API is typed: mypy, as strict as it can be, agrees with what a user's script expects."""

from __future__ import annotations

from pathlib import Path

import pytest
from mypy import api

SCRIPT = Path(__file__).parent / "typed_script.py"


@pytest.mark.slow
def test_a_script_is_checked_strictly_against_the_types_of_the_api(tmp_path: Path) -> None:
    config = tmp_path / "mypy.ini"
    config.write_text("[mypy]\n")
    options = ["--strict", "--config-file", str(config), "--cache-dir", str(tmp_path / "cache")]
    found, faults, code = api.run([*options, str(SCRIPT)])
    assert (code, faults) == (0, ""), found
    wrong = tmp_path / "wrong.py"
    wrong.write_text(f"{SCRIPT.read_text()}\n\nasync def misread() -> str:\n    return await doubled(process.pid())\n")
    found, _, code = api.run([*options, str(wrong)])
    assert code == 1
    assert found.count("error:") == 2, found
