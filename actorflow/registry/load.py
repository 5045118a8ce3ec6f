"""Loading: a directory of registry files to a `Registry`. Bad content never raises: it becomes faults, all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from actorflow.registry.decode import Decoder
from actorflow.registry.dependency import boot_order, find_edges
from actorflow.registry.document import Document, SyntaxFault
from actorflow.registry.draft import Draft, read_drafts
from actorflow.registry.environment import ENVIRONMENT_KINDS, Environment
from actorflow.registry.fault import Fault, Suggester
from actorflow.registry.json_file import read_json
from actorflow.registry.kind import installed_kinds
from actorflow.registry.live import LiveRegistry
from actorflow.registry.node_file import read_section
from actorflow.registry.override import apply_overrides, parse_override
from actorflow.registry.registry import Registry
from actorflow.registry.requirement import meet_requirements
from actorflow.registry.source_root import NODE_FILE, Layout, WrittenOverride, read_layout, scan
from actorflow.registry.text_file import TextFiles, UnreadableError, read_text
from actorflow.registry.workbench import Workbench
from actorflow.registry.yaml_file import read_yaml


def load_registry(
    directory: Path,
    *,
    overrides: Sequence[str] = (),
    environment: Mapping[str, str],
    modules: Mapping[str, frozenset[str]],
) -> Registry:
    """Read, check and link the registry in `directory`; see `open_registry`."""
    return open_registry(directory, overrides=overrides, environment=environment, modules=modules).snapshot


def open_registry(
    directory: Path,
    *,
    overrides: Sequence[str] = (),
    environment: Mapping[str, str],
    modules: Mapping[str, frozenset[str]],
) -> LiveRegistry:
    """Read, check and link the registry in `directory`, as one that can change from then on.

    Never raises for what is in the files: see `LiveRegistry.faults`, and `fatal` before starting anything.

    Args:
        directory: holds the registry files, or a node.yaml or wippy.lock that names the source roots.
        overrides: `ns:entry:path=value`, later ones win; they win over those of .wippy.yaml.
        environment: the variables of the operating system, what `${env:NAME}` refers to unless an entry declares NAME.
        modules: the names entries may list under `modules`, by language (`lua`, `py`).
    """
    layout = read_layout(directory, environment)
    faults = layout.faults
    drafts = _read_all(layout, faults)
    meet_requirements(drafts, Suggester(drafts))
    faults.extend(apply_overrides((*layout.overrides, *_parsed(overrides, faults)), drafts, Suggester(drafts)))
    kinds, unusable = installed_kinds()
    faults.extend(unusable)
    known = Environment(directory, environment)
    workbench = Workbench(Decoder(kinds, TextFiles(layout.roots), known), modules)
    _decode_all(drafts, workbench, known)
    workbench.link(drafts)
    _note_cycle(drafts)
    path, document = layout.node_file or (directory / NODE_FILE, None)
    node = read_section(document, path, environment, faults)
    return LiveRegistry(drafts, workbench, faults, environment=known, strict=layout.strict, node=node)


def _decode_all(drafts: Mapping[str, Draft], workbench: Workbench, environment: Environment) -> None:
    """Decode the drafts that say what the environment is first, then all others in that environment."""
    declaring = {entry: draft for entry, draft in drafts.items() if draft.kind.startswith(ENVIRONMENT_KINDS)}
    for draft in declaring.values():
        workbench.decode(draft)
    environment.declare({entry: draft.config for entry, draft in declaring.items()})
    for entry, draft in drafts.items():
        if entry not in declaring:
            workbench.decode(draft)


def _note_cycle(drafts: Mapping[str, Draft]) -> None:
    _, cycle = boot_order(find_edges(drafts))
    if cycle:
        draft = drafts[cycle[0]]
        expected = "dependencies without a cycle; entries boot in the order of their ids"
        draft.add((), f"a cycle of dependencies ({' → '.join(cycle[:10])})", expected, scope="notice")


def _parsed(overrides: Iterable[str], faults: list[Fault]) -> list[WrittenOverride]:
    parsed = [parse_override(text) for text in overrides]
    faults.extend(item for item in parsed if isinstance(item, Fault))
    return [item for item in parsed if not isinstance(item, Fault)]


def _read_all(layout: Layout, faults: list[Fault]) -> dict[str, Draft]:
    """Return the drafts of all files by id, in the order they are found; the first of two with one id stays."""
    drafts: dict[str, Draft] = {}
    for path in scan(layout.roots, faults, layout.replaced):
        for document in _documents(path, faults):
            for draft in read_drafts(path, document, faults):
                first = drafts.setdefault(draft.id, draft)
                if first is not draft:
                    there = f"{first.file}:{first.mark.line}"
                    place = ("file", draft.file, draft.mark.line, "name", f"{draft.id} again, first at {there}")
                    faults.append(Fault(*place, "each id once", entry=draft.id))  # type: ignore[arg-type]
    return drafts


def _documents(path: Path, faults: list[Fault]) -> list[Document]:
    """Return the documents of one file; none, with a fault of file scope, when it cannot be read."""
    try:
        text = read_text(path)
        if path.suffix.lower() != ".json":
            return read_yaml(text)
        return [read_json(text)] if '"namespace"' in text else []
    except SyntaxFault as error:
        faults.append(Fault("file", str(path), error.line, "", error.got, error.expected, error.suggestion))
    except UnreadableError as error:
        faults.append(Fault("file", str(path), error.line, "", error.got, error.expected, error.suggestion))
    return []
