"""`actorflow check`: load and link a registry, compile and lint every script, and replay open runs; nothing starts."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from actorflow.cli.check_report import print_runs, run_line
from actorflow.cli.failing import FAILED, USAGE, Ending
from actorflow.cli.option import AsJson, Data, Overrides
from actorflow.cli.output import print_json
from actorflow.errors import Error
from actorflow.run.verdict import DIVERGES

if TYPE_CHECKING:
    from actorflow.bundle import Bundle
    from actorflow.language.finding import Finding
    from actorflow.registry.fault import Fault
    from actorflow.registry.registry import Entry, Registry


def check(  # noqa: PLR0913, PLR0917 - the options of the verb
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The registry.")],
    as_json: AsJson = False,  # noqa: FBT002 - typer makes flags of booleans
    strict: Annotated[bool, typer.Option("--strict", help="Notices and warnings are faults.")] = False,  # noqa: FBT002
    override: Overrides = None,
    data: Data = None,
    sample: Annotated[
        int | None, typer.Option("--sample", min=0, metavar="N", help="Replay at most N open runs of each host.")
    ] = None,
) -> None:
    """Load and link the registry in DIR, compile and lint its scripts, and replay the open runs on them.

    Exits with 1 when something is wrong, or when an open run would do something else than its journal has on the code
    of now. No run is changed: each keeps the source that it was started with until somebody says otherwise.
    """
    from actorflow.app import RegistryFaulty, check_runs, read_registry  # noqa: PLC0415

    try:
        registry = read_registry(directory, override or ())
    except RegistryFaulty as faulty:
        _report(0, list(faulty.faults), [], 0, [], as_json=as_json)
        raise Ending(USAGE) from None
    found = {entry.id: list(check_entry(registry, entry)) for entry in registry}
    for entry_id, finding in _unlisted(registry):
        found[entry_id].append(finding)
    findings = [finding for each in found.values() for finding in each]
    wrong_ids = {entry.id for entry in registry if entry.broken}
    wrong_ids |= {entry for entry, each in found.items() if any(finding.severity == "error" for finding in each)}
    runs = [run_line(*checked) for checked in check_runs(directory, registry, data=data, sample=sample)]
    _report(len(registry), list(registry.faults), findings, len(wrong_ids), runs, as_json=as_json)
    wrong = any(fault.scope != "notice" for fault in registry.faults) or any(
        finding.severity == "error" for finding in findings
    )
    if wrong or any(run["verdict"] == DIVERGES for run in runs) or (strict and (registry.faults or findings)):
        raise Ending(FAILED)


def check_entry(registry: Registry, entry: Entry) -> Iterator[Finding]:
    """Yield what the linter and the compiler say about an entry; nothing for one that is broken or has no source."""
    if entry.broken or not getattr(entry.config, "source", None):
        return
    try:
        bundle = registry.bundle(entry.id)
    except Error:
        return  # an imported library is broken, and has its own fault
    found = [replace(finding, line=finding.line + bundle.line) for finding in _lint(entry, bundle)]
    yield from found
    yield from _unimported(entry, bundle)
    if not any(finding.severity == "error" for finding in found):
        yield from _compile(entry, bundle)


def _lint(entry: Entry, bundle: Bundle) -> list[Finding]:
    from actorflow.language.lint import lint_lua, lint_python  # noqa: PLC0415

    durable = entry.kind.startswith("workflow.")
    if bundle.language == "lua":
        return lint_lua(bundle.source, bundle.file, durable=durable, modules=bundle.modules)
    if entry.kind in {"function.py", "library.py"}:
        return _parse(bundle)  # ordinary Python: it may import and do what it likes
    allowed = frozenset({*bundle.imports, *getattr(entry.config, "packages", ())})
    return lint_python(bundle.source, bundle.file, allowed=allowed, durable=durable)


def _unimported(entry: Entry, bundle: Bundle) -> Iterator[Finding]:
    """Yield the modules that a Python script uses and does not import."""
    from actorflow.language.python import PythonLanguage  # noqa: PLC0415
    from actorflow.language.unlisted import unimported_python  # noqa: PLC0415

    if bundle.language == "py" and entry.kind not in {"function.py", "library.py"}:
        for finding in unimported_python(bundle.source, bundle.file, PythonLanguage.modules):
            yield replace(finding, line=finding.line + bundle.line)


def _unlisted(registry: Registry) -> Iterator[tuple[str, Finding]]:
    """Yield the modules that the Lua of each entry uses and nobody lists."""
    from actorflow.language.lua import LuaLanguage  # noqa: PLC0415
    from actorflow.language.unlisted import unlisted_lua  # noqa: PLC0415

    bundles = []
    for entry in registry:
        if not entry.broken and entry.kind.endswith(".lua") and not entry.kind.startswith("library."):
            with suppress(Error):  # an imported library is broken, and has its own fault
                bundles.append(registry.bundle(entry.id))
    yield from unlisted_lua(bundles, LuaLanguage.modules)


def _parse(bundle: Bundle) -> list[Finding]:
    from actorflow.language.finding import Finding  # noqa: PLC0415

    try:
        ast.parse(bundle.source)
    except SyntaxError as error:
        text = f"Python cannot read this: {error.msg}"
        return [Finding(bundle.file, error.lineno or 1, error.offset or 1, "syntax", text)]
    except (ValueError, RecursionError, MemoryError) as error:
        return [Finding(bundle.file, 1, 1, "syntax", f"Python cannot read this: {error}")]
    return []


def _compile(entry: Entry, bundle: Bundle) -> Iterator[Finding]:
    from actorflow.app import languages  # noqa: PLC0415
    from actorflow.language.finding import Finding  # noqa: PLC0415

    if entry.kind.startswith("library.") or entry.kind == "function.py":
        return
    try:
        languages()[bundle.language].compile(bundle, durable=entry.kind.startswith("workflow."))
    except Error as error:
        yield Finding(bundle.file, bundle.line + 1, 1, "compile", error.message)


def _report(  # noqa: PLR0913 - what a check has found
    entries: int,
    faults: list[Fault],
    findings: list[Finding],
    wrong: int,
    runs: list[dict[str, Any]],
    *,
    as_json: bool,
) -> None:
    if as_json:
        lines: dict[str, Any] = {
            "entries": entries,
            "wrong": wrong,
            "faults": [asdict(fault) for fault in faults],
            "findings": [asdict(finding) for finding in findings],
            "runs": runs,
        }
        print_json(lines)
        return
    for fault in faults:
        typer.echo(f"{'notice' if fault.scope == 'notice' else 'fault'}: {fault}")
    for finding in findings:
        typer.echo(finding)
    count = sum(fault.scope != "notice" for fault in faults) + sum(item.severity == "error" for item in findings)
    rest = len(faults) + len(findings) - count
    print_runs(runs)
    typer.echo(f"{entries} entries, {wrong} wrong, {rest} worth a look")
