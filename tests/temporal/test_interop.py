"""Programs of other SDKs and our workflows use each other, with names and plain JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import trio

from tests.temporal.support import HOST, on


def _refused(order: str) -> list[Any]:
    return ["Conflict", f"no {order} today", True]


@pytest.mark.slow
async def test_a_plain_program_and_our_workflows_use_each_other(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEDGER", str(tmp_path / "ledger"))
    theirs = f"theirs-{tmp_path.name}"
    command = [sys.executable, "-m", "tests.temporal.plain_program", server, tmp_path.name, theirs]
    async with on(server, tmp_path) as node:
        with subprocess.Popen(  # noqa: ASYNC220 - it starts at once
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as program:
            assert program.stdout is not None
            assert program.stdin is not None
            try:
                seen: dict[str, Any] = json.loads(await trio.to_thread.run_sync(program.stdout.readline))
                bought = [
                    await node.exec(f"app:buying_{language}", host=HOST, args=[theirs], timeout=60)
                    for language in ("lua", "py")
                ]
            finally:
                program.stdin.close()
    assert seen.pop("failed") == _refused("o3")
    for language in ("lua", "py"):
        unknown = seen[language].pop("unknown query")
        assert "nonesuch" in unknown
        assert "total" in unknown
        assert seen.pop(language) == _ASKED, language
        assert seen.pop(f"selling {language}") == _SOLD, language
    assert not seen
    assert bought == [_BOUGHT, _BOUGHT]


_ASKED = {
    "update": {"total": 5},
    "rejected": ["Invalid", "update add was rejected: negative", True],
    "query": 5,
    "result": {"name": "o1", "items": [{"n": 1, "text": "ü"}, {"n": 2, "text": "✓"}], "total": 5},
}
_SOLD = {
    "quote": {"sku": "a1", "price": 4.5, "lines": [{"sku": "a1", "count": 3}]},
    "refused": _refused("o1"),
    "child": {"name": "c1", "items": [{"n": 1}, {"n": 2}], "total": 0},
    "failed child": _refused("o2"),
}
_BOUGHT = {
    "charged": {"charged": 50, "card": "4111"},
    "refused": ["CardRefused", "too much", False],
    "packed": {"order": "o1", "boxes": [{"size": 3}]},
    "broken": ["OutOfBoxes", "no boxes"],
}
