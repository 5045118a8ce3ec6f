"""Source roots: which directories hold the registry, and which files in them are read, in one fixed order.

`node.yaml` names them, else `wippy.lock` does, else the given directory is the only one. `.wippy.yaml` adds overrides.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from actorflow.registry.document import Document, SyntaxFault
from actorflow.registry.fault import Fault, dotted, shown
from actorflow.registry.placeholder import PlaceholderError, resolve
from actorflow.registry.text_file import UnreadableError, read_text
from actorflow.registry.yaml_file import read_yaml

NODE_FILE: Final = "node.yaml"
_LOCK_FILE: Final = "wippy.lock"
_RUNTIME_FILE: Final = ".wippy.yaml"
_SUFFIXES: Final = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class WrittenOverride:
    """One override `ns:entry:path`, its value, and where it was written."""

    target: str
    value: Any
    file: str
    line: int = 0


@dataclass(slots=True)
class Layout:
    """What the files beside the registry say about it.

    The roots in order, overrides, faults, whether security is strict, directories of modules that others replace, and
    node.yaml where there is one.
    """

    roots: list[Path]
    overrides: list[WrittenOverride] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    strict: bool = False
    replaced: list[Path] = field(default_factory=list)
    node_file: tuple[Path, Document] | None = None


def read_layout(directory: Path, environment: Mapping[str, str]) -> Layout:
    """Return the source roots of the registry in `directory`; what is wrong is among the faults, file scope."""
    layout = Layout([])
    if not _is_directory(directory):
        layout.faults.append(Fault("file", str(directory), 0, "", "no directory", "a directory with a registry"))
        return layout
    _read_runtime_file(directory, environment, layout)
    if not _read_node_file(directory, layout) and not _read_lock_file(directory, layout):
        layout.roots.append(directory)
    return layout


def scan(roots: list[Path], faults: list[Fault], replaced: Sequence[Path] = ()) -> Iterator[Path]:
    """Yield the files of the roots that may be registry files, each once, sorted within each directory.

    Names that begin with a dot, `node_modules` and `replaced` modules are skipped; links to directories are not
    followed.
    """
    seen: set[str] = set()
    for root in roots:
        for parent, directories, names in os.walk(root, onerror=lambda error: faults.append(_unlisted(error))):
            directories[:] = sorted(name for name in directories if name[0] != "." and name != "node_modules")
            if replaced:
                directories[:] = [name for name in directories if not _is_replaced(Path(parent, name), replaced)]
            for name in sorted(names):
                path = Path(parent, name)
                if name[0] != "." and name.lower().endswith(_SUFFIXES) and (real := os.path.realpath(path)) not in seen:
                    seen.add(real)
                    yield path


def _is_replaced(directory: Path, replaced: Sequence[Path]) -> bool:
    """Tell whether a directory is one of those, or one of them with a version behind its name."""
    return any(
        directory.parent == path.parent
        and (directory.name == path.name or directory.name.startswith((f"{path.name}@", f"{path.name}-v")))
        for path in replaced
    )


def _unlisted(error: OSError) -> Fault:
    return Fault("file", str(error.filename), 0, "", f"an unreadable directory ({error.strerror})", "a readable one")


def _read_node_file(directory: Path, layout: Layout) -> bool:
    """Take the roots from `directories` of node.yaml; tell whether it has them."""
    path = directory / NODE_FILE
    document = _read(path, layout)
    if document is None or "namespace" in document.value:
        return False
    layout.node_file = path, document
    _read_security(path, document, layout)
    if "directories" not in document.value:
        return False
    named = document.value["directories"]
    if not isinstance(named, dict) or not named:
        expected = "a map of names to directories such as {src: ., scripts: ../scripts}"
        layout.faults.append(_fault(path, document, ("directories",), shown(named), expected))
        return True
    for name in named:
        _add_root(layout, path, document, ("directories", name))
    return True


def _read_lock_file(directory: Path, layout: Layout) -> bool:
    """Take the roots from wippy.lock: `directories.src` and `.modules`, and where replacements point to."""
    path = directory / _LOCK_FILE
    document = _read(path, layout)
    if document is None:
        return False
    named = document.value.get("directories")
    named = named if isinstance(named, dict) else {}
    for name, default in (("src", "./src"), ("modules", ".wippy")):
        if name in named:
            _add_root(layout, path, document, ("directories", name))
        elif _is_directory(directory / default):
            layout.roots.append(directory / default)
    replacements = document.value.get("replacements")
    for index, item in enumerate(replacements if isinstance(replacements, list) else ()):
        if isinstance(item, dict) and "to" in item:
            _add_root(layout, path, document, ("replacements", index, "to"))
            modules = Path(os.path.normpath(directory / str(named.get("modules", ".wippy"))))
            replaced = item.get("from")
            if isinstance(replaced, str) and replaced.strip("/. "):
                layout.replaced += [modules / replaced, modules / "vendor" / replaced]
    return bool(layout.roots) or bool(layout.faults)


def _read_runtime_file(directory: Path, environment: Mapping[str, str], layout: Layout) -> None:
    """Take the overrides from the `override` section of .wippy.yaml: a map of `ns:entry:path` to values."""
    path = directory / _RUNTIME_FILE
    document = _read(path, layout)
    if document is None:
        return
    _read_security(path, document, layout)
    written = document.value.get("override")
    if written is None:
        return
    if not isinstance(written, dict):
        layout.faults.append(_fault(path, document, ("override",), shown(written), "a map of ns:entry:path to values"))
        return
    for target, raw in written.items():
        line = document.mark.at(("override", target)).line
        try:
            value = resolve(raw, environment) if isinstance(raw, str) else raw
        except PlaceholderError as error:
            layout.faults.append(_fault(path, document, ("override", target), error.got, error.expected))
        else:
            layout.overrides.append(WrittenOverride(str(target), value, str(path), line))


def _read_security(path: Path, document: Document, layout: Layout) -> None:
    """Take `security.strict_mode`."""
    security = document.value.get("security")
    strict = security.get("strict_mode", False) if isinstance(security, dict) else False
    if not isinstance(strict, bool):
        layout.faults.append(_fault(path, document, ("security", "strict_mode"), shown(strict), "true or false"))
    else:
        layout.strict = layout.strict or strict


def _read(path: Path, layout: Layout) -> Document | None:
    """Return the first document of a file that holds a map, None if there is no such file or content."""
    if not os.path.lexists(path):
        return None
    try:
        documents = read_yaml(read_text(path))
    except SyntaxFault as error:
        layout.faults.append(Fault("file", str(path), error.line, "", error.got, error.expected, error.suggestion))
        return None
    except UnreadableError as error:
        layout.faults.append(Fault("file", str(path), error.line, "", error.got, error.expected))
        return None
    if not documents or documents[0].value is None:
        return None
    document = documents[0]
    if not isinstance(document.value, dict):
        layout.faults.append(_fault(path, document, (), shown(document.value), "a map"))
        return None
    layout.faults.extend(
        Fault("file", str(path), issue.line, issue.path, issue.got, issue.expected, issue.suggestion)
        for issue in document.issues
    )
    return document


def _is_directory(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - does not raise for unusable names


def _add_root(layout: Layout, path: Path, document: Document, place: tuple[str | int, ...]) -> None:
    """Add the directory named at `place`, or a fault; the `modules` of a lock file need not be there."""
    value = _value_at(document.value, place)
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        layout.faults.append(_fault(path, document, place, shown(value), "the path of a directory"))
        return
    root = Path(os.path.normpath(path.parent / value))
    if _is_directory(root):
        layout.roots.append(root)
    elif path.name != _LOCK_FILE or place[-1] != "modules":
        layout.faults.append(_fault(path, document, place, f"{value!r}, which is no directory ({root})", "a directory"))


def _value_at(value: Any, place: tuple[str | int, ...]) -> Any:
    for part in place:
        value = value[part]
    return value


def _fault(path: Path, document: Document, place: tuple[str | int, ...], got: str, expected: str) -> Fault:
    return Fault("file", str(path), document.mark.at(place).line, dotted(place), got, expected)
