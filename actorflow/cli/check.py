"""`actorflow check`: load and link a registry, compile every script, and lint them; nothing is started."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from actorflow.cli.failing import FAILED, USAGE, Ending
from actorflow.cli.option import AsJson, Overrides
from actorflow.cli.output import print_json
from actorflow.errors import Error

if TYPE_CHECKING:
    from actorflow.bundle import Bundle
    from actorflow.language.finding import Finding
    from actorflow.registry.fault import Fault
    from actorflow.registry.registry import Entry, Registry


def check(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The registry.")],
    as_json: AsJson = False,  # noqa: FBT002 - typer makes flags of booleans
    strict: Annotated[bool, typer.Option("--strict", help="Notices and warnings are faults.")] = False,  # noqa: FBT002
    override: Overrides = None,
) -> None:
    """Load and link the registry in DIR, compile its scripts, and lint them."""
    from actorflow.app import RegistryFaulty, read_registry  # noqa: PLC0415

    try:
        registry = read_registry(directory, override or ())
    except RegistryFaulty as faulty:
        _report(0, list(faulty.faults), [], 0, as_json=as_json)
        raise Ending(USAGE) from None
    found = {entry.id: list(check_entry(registry, entry)) for entry in registry}
    findings = [finding for each in found.values() for finding in each]
    wrong_ids = {entry.id for entry in registry if entry.broken}
    wrong_ids |= {entry for entry, each in found.items() if any(finding.severity == "error" for finding in each)}
    _report(len(registry), list(registry.faults), findings, len(wrong_ids), as_json=as_json)
    wrong = any(fault.scope != "notice" for fault in registry.faults) or any(
        finding.severity == "error" for finding in findings
    )
    if wrong or (strict and (registry.faults or findings)):
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


def _report(entries: int, faults: list[Fault], findings: list[Finding], wrong: int, *, as_json: bool) -> None:
    if as_json:
        lines: dict[str, Any] = {
            "entries": entries,
            "wrong": wrong,
            "faults": [asdict(fault) for fault in faults],
            "findings": [asdict(finding) for finding in findings],
        }
        print_json(lines)
        return
    for fault in faults:
        typer.echo(f"{'notice' if fault.scope == 'notice' else 'fault'}: {fault}")
    for finding in findings:
        typer.echo(finding)
    count = sum(fault.scope != "notice" for fault in faults) + sum(item.severity == "error" for item in findings)
    rest = len(faults) + len(findings) - count
    typer.echo(f"{entries} entries, {wrong} wrong, {rest} worth a look")
