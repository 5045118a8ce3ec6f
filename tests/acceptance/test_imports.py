"""What starts imports: a module costs time and memory each time, so what is seldom used is imported when it is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

INDEX: Final = """\
namespace: app
entries:
  - {name: durable, kind: workflow.host, lifecycle: {auto_start: true}}
  - {name: step, kind: function.py, source: file://step.py, run: trio}
  - {name: flow, kind: workflow.py, source: file://flow.py}
"""
STEP: Final = "async def main(number):\n    return number + 1\n"
FLOW: Final = "from actorflow.script import funcs\n\n\nasync def main():\n    return await funcs.call('app:step', 1)\n"
BOOT: Final = """\
import sys
import trio
import actorflow

async def main():
    async with actorflow.open(sys.argv[1]) as node:
        assert await node.exec("app:flow", host="app:durable") == 2
        print(*sys.modules)

trio.run(main)
"""
NOT_FOR_A_NODE: Final = frozenset(
    {
        *("sqlalchemy", "typer", "rich", "click", "temporalio", "psycopg", "pymysql"),
        *("cryptography", "jsonschema_rs", "re2", "nh3", "jwt", "cronsim", "diff_match_patch", "zstandard", "brotli"),
    }
)
"""What a node on files that runs a durable workflow does without."""


COMMAND: Final = """\
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from actorflow.cli.main import main

try:
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        main(sys.argv[1:])
except SystemExit as end:
    print(*sys.modules)
    assert not end.code or end.code == 6  # no node runs
"""
NOT_FOR_THE_COMMAND_LINE: Final = frozenset({"trio", "pynng", "lupa", "yaml", "sqlalchemy", "actorflow.app"})
NOT_FOR_A_QUESTION: Final = frozenset({"trio", "lupa", "yaml", "rich", "sqlalchemy", "actorflow.app"})
"""What a command that asks a running node does without."""


def imported(place: Path, *command: str) -> set[str]:
    """Return the modules that a Python program says it has imported."""
    given = {**os.environ, "ACTORFLOW_DATA": str(place / "data")}
    ended = subprocess.run(
        [sys.executable, *command], check=True, timeout=90, capture_output=True, text=True, env=given, cwd=place
    )
    return set(ended.stdout.split())


def test_a_node_that_runs_a_workflow_imports_nothing_it_has_no_use_for(tmp_path: Path) -> None:
    for name, text in {"_index.yaml": INDEX, "step.py": STEP, "flow.py": FLOW}.items():
        (tmp_path / name).write_text(text)
    found = imported(tmp_path, "-c", BOOT, str(tmp_path))
    assert {"trio", "pydantic", "pynng"} <= found
    assert not found & NOT_FOR_A_NODE


def test_the_version_is_told_without_what_reads_options(tmp_path: Path) -> None:
    found = imported(tmp_path, "-c", COMMAND, "--version")
    assert not found & {"typer", "rich", "pydantic", "asyncio", *NOT_FOR_THE_COMMAND_LINE}


def test_help_imports_nothing_that_verbs_do_their_work_with(tmp_path: Path) -> None:
    found = imported(tmp_path, "-c", COMMAND, "--help")
    assert "typer" in found
    assert not found & NOT_FOR_THE_COMMAND_LINE


def test_a_verb_imports_neither_the_others_nor_what_a_node_needs(tmp_path: Path) -> None:
    found = imported(tmp_path, "-c", COMMAND, "services")
    assert "actorflow.cli.listing" in found
    assert not found & {"actorflow.cli.run", "actorflow.cli.work", *NOT_FOR_A_QUESTION}
