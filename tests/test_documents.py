"""The documents say what is: tests they name exist, commands they show run, limits they list are the defaults."""

from __future__ import annotations

import ast
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actorflow.language.lua import language as lua
from actorflow.language.python.watch import SliceLimits
from actorflow.node.limit import Memory
from actorflow.registry.kinds.lifecycle import Lifecycle
from actorflow.registry.kinds.limits import Limits
from actorflow.registry.kinds.workflow_host import WorkflowHost
from actorflow.run.retry import DURABLE_DEFAULT
from actorflow.value import DEFAULT_LIMITS
from hosts.process.bounds import Bounds
from hosts.workflow.settings import Settings, settings_of
from tests.acceptance.project import COMMAND, Project
from tests.conformance.hosts.place import FLOWS, Place

ROOT = Path(__file__).parent.parent
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text()
README = (ROOT / "README.md").read_text()
SEMANTICS = (ROOT / "SEMANTICS.md").read_text()
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
RUN_BY_CI = ("make demo", "make test")
FORBIDDEN = {"activity": "function", "journal entry": "journal event", "workflow instance": "run", "actor id": "PID"}
MACHINE_PATH = re.compile(r"/(?:root|work)/(?!\.)\w|/home/\w+/")


def tracked() -> Iterator[Path]:
    """Return the files of the project, those that are text."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607
    if listed.returncode:
        pytest.skip("not a git checkout")
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.suffix in {".py", ".lua", ".md", ".toml", ".yaml", ".json", ""} and path.is_file():
            yield path


def fenced(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def commands(text: str) -> list[str]:
    """Return the commands in the `sh` blocks of a document, without comments."""
    lines = [line for block in fenced(text, "sh") for line in block.splitlines()]
    return [shlex.join(words) for line in lines if (words := shlex.split(line, comments=True))]


def rows(heading: str) -> dict[str, str]:
    """Return field → default of the tables below a heading of the configuration document."""
    section = CONFIGURATION.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    found = re.findall(r"^\| `([\w.]+)` \| ([^|]+) \|", section, re.MULTILINE)
    assert found, heading
    return {name: default.strip() for name, default in found}


def nested(fields: dict[str, str]) -> dict[str, Any]:
    """Return dotted fields as an entry has them; numbers and booleans as YAML reads them."""
    plain: dict[str, Any] = {}
    for dotted, text in fields.items():
        *path, name = dotted.split(".")
        place = plain
        for part in path:
            place = place.setdefault(part, {})
        words = {"true": True, "false": False}
        number = float(text) if "." in text else int(text) if text.isdigit() else text
        place[name] = words.get(text, number)
    return plain


# ---- SEMANTICS.md --------------------------------------------------------------------------------------------------


def test_every_test_that_is_named_exists() -> None:
    named = re.findall(r"\[(tests/[\w/]+\.py)::(\w+)\]", SEMANTICS)
    assert len(named) > 100
    functions: dict[str, set[str]] = {}
    for file in {file for file, _ in named}:
        tree = ast.parse((ROOT / file).read_text())
        functions[file] = {
            node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
    assert [f"{file}::{name}" for file, name in named if name not in functions[file]] == []


def test_every_promise_names_its_proof() -> None:
    body = SEMANTICS.partition("## 1.")[2]
    promises = re.split(r"\n(?=\d+\. |## |\| )", body)
    numbered = [text for text in promises if re.match(r"\d+\. ", text)]
    table = [text for text in promises if text.startswith("| ") and "proof |" not in text]
    assert len(numbered) > 60
    assert len(table) > 9
    assert [text for text in numbered + table if "[tests/" not in text] == []


# ---- commands ------------------------------------------------------------------------------------------------------


def test_every_command_that_is_shown_is_run_by_a_test_or_by_the_checks() -> None:
    by_hand = set(commands(README))
    elsewhere = [command for path in DOCUMENTS for command in commands(path.read_text()) if command not in by_hand]
    assert elsewhere == [], "show it in the README, or run it here"
    checks = (ROOT / ".ci" / "run").read_text().splitlines()
    assert set(RUN_BY_CI) <= by_hand
    assert set(RUN_BY_CI) <= set(checks)


def test_what_the_readme_says_by_hand_works_as_typed(tmp_path: Path) -> None:
    project = Project(tmp_path)
    for name in ("config", "scripts"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns(".actorflow"))
    up, *others = [shlex.split(command) for command in commands(README) if command not in RUN_BY_CI]
    assert up[:2] == [".venv/bin/actorflow", "up"]
    node = project.up(*up[2:])
    try:
        for program, *words in others:
            assert program == ".venv/bin/actorflow", "the command that `make` installs"
            done = project.run(*words)
            assert done.code == 0, f"{words}: {done.err}"
    finally:
        ended = node.end(signal.SIGINT)
    assert ended == 0, node.log


async def test_the_script_of_the_readme_runs(tmp_path: Path) -> None:
    place = Place(tmp_path)
    [source] = fenced(README, "lua")
    for name in ("reserve", "ship", "release"):
        place.python(name, "def main(order):\n    return order\n", "function")
    (tmp_path / "order.lua").write_text(source.replace('"shop:', '"app:'))
    place.entries["order"] = {"kind": "workflow.lua", "source": "file://order.lua", "modules": ["funcs"]}
    async with place.node() as node:
        for approved, status in ((True, "shipped"), (False, "declined")):
            pid = await node.spawn("app:order", host=FLOWS, args=[{"id": 1}])
            await node.send(pid, "approve", {"approved": approved})
            assert await node.wait(pid, timeout=20) == {"status": status}


def test_the_verbs_of_the_readme_are_in_the_help() -> None:
    helped = subprocess.run([COMMAND, "--help"], capture_output=True, text=True, check=True).stdout
    shown = {shlex.split(command)[1] for command in commands(README) if command.startswith(".venv")}
    assert [verb for verb in shown if f" {verb} " not in helped] == []


# ---- limits --------------------------------------------------------------------------------------------------------


def test_the_settings_of_a_workflow_host_have_the_documented_defaults() -> None:
    fields = rows("`workflow.host`")
    assert fields.pop("database").startswith("a SQLite file")
    assert fields.pop("queues") == "all"
    written = WorkflowHost.model_validate(nested(fields))
    assert settings_of("app:flows", written) == settings_of("app:flows", WorkflowHost())
    assert settings_of("app:flows", written) == settings_of("app:flows", {})
    names = {"task_queue", "database", "limits", "slices", "retention", "queues"}
    assert {name.replace(".", "_") for name in fields if not name.startswith("limits.")} | names == {
        name.replace("group_rows", "group_commit_rows") for name in Settings.__dataclass_fields__
    }


def test_the_limits_of_processes_have_the_documented_defaults() -> None:
    written = Limits.model_validate(nested(rows("`process.host` and scripts"))["limits"]).written()
    slices, memory = written.pop("slice"), written["memory"]
    base = Bounds(DEFAULT_LIMITS)
    assert set(written) == {"payload", "depth", "mailbox", "memory"}
    assert base.under(written) == base
    assert SliceLimits(**slices) == SliceLimits()
    assert memory == Memory()._asdict()
    assert slices["kill"] == lua._KILL  # noqa: SLF001 - its defaults have no other name
    assert "that of the runtime, 64MiB unless" in CONFIGURATION
    assert lua._ISOLATED_MEMORY == 64 << 20  # noqa: SLF001


def test_a_service_has_the_documented_defaults() -> None:
    fields = rows("Services: `lifecycle`")
    assert Lifecycle.model_validate(nested(fields)) == Lifecycle()


def test_calls_have_the_documented_retries() -> None:
    section = CONFIGURATION.partition("## Calls of functions")[2]
    initial, longest = re.search(r"without limit: (\w+), doubled each time up to (\w+)", section).groups()  # type: ignore[union-attr]
    assert (initial, longest) == ("1s", "1m40s")
    assert (DURABLE_DEFAULT.initial, DURABLE_DEFAULT.factor, DURABLE_DEFAULT.maximum) == (10**9, 2.0, 100 * 10**9)
    assert DURABLE_DEFAULT.attempts == 0


# ---- words, paths, links -------------------------------------------------------------------------------------------


def docstrings(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield getattr(node, "lineno", 1), ast.get_docstring(node) or ""


def test_one_word_for_one_thing_in_docstrings() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {word!r}, the glossary says {instead!r}"
        for package in ("actorflow", "hosts")
        for path in sorted((ROOT / package).rglob("*.py"))
        for line, text in docstrings(path)
        for word, instead in FORBIDDEN.items()
        if re.search(rf"\b{word}\b(?!\.)", text, re.IGNORECASE) and "Temporal" not in text
    ]
    assert found == []


def test_words_that_documents_of_decisions_use_are_in_the_glossary() -> None:
    glossary = (ROOT / "GLOSSARY.md").read_text()
    for word in ("resident", "engine", "draft", "turn", "commit", "bundle", "lease", "machine", "effect"):
        assert re.search(rf"^\| (● )?{word} \|", glossary, re.MULTILINE), word


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    assert [str(path.relative_to(ROOT)) for path in tracked() if MACHINE_PATH.search(path.read_text())] == []


def test_links_lead_somewhere() -> None:
    broken = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in DOCUMENTS
        for target in re.findall(r"\]\(([^)#\s]+)", path.read_text())
        if not re.match(r"\w+:", target) and not (path.parent / target).exists()
    ]
    assert broken == []


def test_decisions_are_numbered_without_gaps_and_have_their_parts() -> None:
    files = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))
    for file in files:
        text = file.read_text()
        assert text.startswith(f"# {file.name[:4]} "), file.name
        for part in ("Status: ", "## Context", "## Decision", "## Rejected", "## Consequences"):
            assert part in text, f"{file.name}: {part}"
