"""Drafts: the entries of registry files as written, each able to say where its fields stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from actorflow.registry.document import Document, Mark
from actorflow.registry.document import Path as FieldPath
from actorflow.registry.fault import Fault, Scope, closest, dotted, shown
from actorflow.registry.kind import Kind
from actorflow.registry.meta import Meta
from actorflow.registry.text_file import Origin

_FILE_KEYS: Final = ("version", "namespace", "meta", "entries")
_ENTRY_KEYS: Final = ("name", "kind", "meta", "data")

NO_FILE: Final = Path()
"""The path of entries that are written in no file."""


@dataclass(slots=True)
class Draft:
    """One entry on its way into the registry. Loading fills it in stages; the snapshot is made from it at the end.

    Attributes:
        id: its registry id. namespace: the part before the first colon.
        kind: its kind. meta: file and entry meta merged, raw. data: its fields, raw.
        path: the file it is written in. file: the same for messages. mark: where its parts stand.
        file_mark: where the meta of the whole file stands. nested: whether its fields stand below `data`.
        overridden: field paths that overrides changed, with the override as messages name it.
        origins: field paths whose text came from a file, with that file.
        declaration: what its kind says, None when the kind is unknown.
        resolved: its fields with placeholders resolved. config: the same checked, None when broken or unknown.
        about: its meta resolved and checked. variables: names of the variables that its placeholders refer to.
        faults: what is wrong with it.
        decoded: how many of the faults were found before linking. mentions: ids that linking looks up for it.
    """

    id: str
    namespace: str
    kind: str
    meta: dict[Any, Any]
    data: Any
    path: Path
    mark: Mark
    file_mark: Mark
    nested: bool = False
    overridden: dict[FieldPath, str] = field(default_factory=dict)
    origins: dict[FieldPath, Origin] = field(default_factory=dict)
    declaration: Kind | None = None
    resolved: Any = None
    config: BaseModel | None = None
    about: Meta = field(default_factory=Meta)
    variables: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    decoded: int = 0
    mentions: frozenset[str] = frozenset()

    @property
    def file(self) -> str:
        """The file it is written in, as messages name it; "" when a change made it and no file has it."""
        return "" if self.path == NO_FILE else str(self.path)

    @property
    def broken(self) -> bool:
        """Whether one of its faults is more than a notice."""
        return any(fault.scope != "notice" for fault in self.faults)

    def mark_of(self, path: FieldPath) -> Mark:
        """Return the mark of a field: `("meta", …)`, `("kind",)`, or a path into the data."""
        if path[:1] == ("meta",):
            inner = self.mark.at(path)
            return inner if inner is not self.mark and _reaches(self.mark, path) else self.file_mark.at(path)
        if path != ("kind",) and self.nested:
            return self.mark.at(("data", *path))
        return self.mark.at(path)

    def place(self, path: FieldPath) -> tuple[str, int]:
        """Return file and line of a field; an override's own spelling and 0 if one changed it."""
        for length in range(len(path), 0, -1):
            written = self.overridden.get(path[:length])
            if written is not None:
                return written, 0
        return self.file, self.mark_of(path).line

    def origin(self, path: FieldPath) -> Origin:
        """Return where the lines of a text field are: its `file://` file, or its place in the YAML."""
        if path in self.origins:
            return self.origins[path]
        file, _ = self.place(path)
        return Origin(file, 0 if path in self.overridden else max(0, self.mark_of(path).text))

    def unlinked(self) -> Draft:
        """Return a copy as it was before linking, to be linked anew; what it shares with this one does not change."""
        return replace(self, faults=self.faults[: self.decoded])

    def add(self, path: FieldPath, got: str, expected: str, suggestion: str = "", scope: Scope = "entry") -> None:
        """Add a fault at a field."""
        file, line = self.place(path)
        self.faults.append(Fault(scope, file, line, dotted(path), got, expected, suggestion, self.id))


def _reaches(mark: Mark, path: FieldPath) -> bool:
    """Tell whether the entry itself has the first two parts of `path`, e.g. `meta.command`."""
    for part in path[:2]:
        if part not in mark.children:
            return False
        mark = mark.children[part]
    return True


class _Reader:
    """Reads the drafts of one document."""

    def __init__(self, path: Path, document: Document, faults: list[Fault]) -> None:
        self._path = path
        self._document = document
        self._faults = faults

    def drafts(self) -> Iterator[Draft]:
        value = self._document.value
        if isinstance(value, list):
            self._check_fragment(value)
        elif isinstance(value, dict) and self._namespace(value):
            self._report_issues()
            if not isinstance(value.get("meta", {}), dict | None):
                self._add("entry", ("meta",), shown(value["meta"]), "a map")
            yield from self._entries(value)

    def _check_fragment(self, value: list[Any]) -> None:
        if any(isinstance(item, dict) and "name" in item and "kind" in item for item in value):
            expected = "`namespace: <name>` first and the list below `entries:`; nothing of this file is used"
            self._add("notice", (), "a list of entries without a namespace", expected)

    def _namespace(self, value: dict[Any, Any]) -> bool:
        """Tell whether this is a registry file; say what is wrong when it nearly is one."""
        namespace = value.get("namespace")
        if isinstance(namespace, str) and namespace.strip():
            if ":" not in namespace:
                return True
            self._add("entry", ("namespace",), shown(namespace), "a namespace without a colon")
        elif namespace is not None and not isinstance(namespace, str):
            self._add("entry", ("namespace",), shown(namespace), "text", repr(str(namespace)))
        elif isinstance(value.get("entries"), list):
            suggestion = next((repr(key) for key in value if isinstance(key, str) and closest(key, ["namespace"])), "")
            text = f"namespace, in place of {suggestion}" if suggestion else ""
            expected = "`namespace: <name>` above `entries:`; nothing of this file is used"
            self._add("notice", (), "entries without a namespace", expected, text)
        return False

    def _report_issues(self) -> None:
        for issue in self._document.issues:
            place = (str(self._path), issue.line, issue.path, issue.got, issue.expected, issue.suggestion)
            self._faults.append(Fault("file", *place))

    def _entries(self, value: dict[Any, Any]) -> Iterator[Draft]:
        entries = value.get("entries")
        if entries is not None and not isinstance(entries, list):
            self._add("entry", ("entries",), shown(entries), "a list of entries")
        elif entries:
            self._check_file_keys(value)
            for index, item in enumerate(entries):
                yield from self._entry(item, ("entries", index))
        elif "name" in value or "kind" in value:
            yield from self._entry({key: item for key, item in value.items() if key not in _FILE_KEYS[:2]}, ())
        else:
            self._check_file_keys(value)
            if entries is None:
                self._add("notice", (), "a namespace without entries", "`entries:`, or `name:` and `kind:`")

    def _check_file_keys(self, value: dict[Any, Any]) -> None:
        for key in value:
            if key not in _FILE_KEYS and key not in _ENTRY_KEYS:
                expected = f"one of {', '.join(_FILE_KEYS)}"
                suggestion = closest(key, _FILE_KEYS) if isinstance(key, str) else ""
                self._add("notice", (key,), "an unknown key beside entries", expected, suggestion)

    def _entry(self, item: Any, place: FieldPath) -> Iterator[Draft]:
        if not isinstance(item, dict):
            self._add("entry", place, shown(item), "an entry: a map with name and kind")
            return
        name, kind = self._word(item, "name", place), self._word(item, "kind", place)
        if name is None or kind is None:
            return
        file_meta, meta = self._document.value.get("meta"), item.get("meta")
        fields = {key: part for key, part in item.items() if key not in _ENTRY_KEYS and (place or key != "entries")}
        namespace = self._document.value["namespace"].strip()
        draft = Draft(
            id=f"{namespace}:{name}",
            namespace=namespace,
            kind=kind,
            meta={**(file_meta if isinstance(file_meta, dict) else {}), **(meta if isinstance(meta, dict) else {})},
            data=item.get("data", fields),
            path=self._path,
            mark=self._document.mark.at(place),
            file_mark=self._document.mark,
            nested="data" in item,
        )
        if not isinstance(meta, dict | None):
            draft.add(("meta",), shown(meta), "a map")
        if "data" in item:
            for key in fields:
                expected = "all fields below `data:`; this one is ignored"
                self._add("notice", (*place, key), "a field beside `data:`", expected)
        yield draft

    def _word(self, item: dict[Any, Any], key: str, place: FieldPath) -> str | None:
        value = item.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()
        near = [name for name in item if isinstance(name, str) and name not in _ENTRY_KEYS and closest(name, [key])]
        suggestion = f"{key!r} in place of {near[0]!r}" if value is None and near else ""
        self._add("entry", (*place, key), "nothing" if key not in item else shown(value), "text", suggestion)
        return None

    def _add(self, scope: Scope, place: FieldPath, got: str, expected: str, suggestion: str = "") -> None:
        line = self._document.mark.at(place).line
        self._faults.append(Fault(scope, str(self._path), line, dotted(place), got, expected, suggestion))


def read_drafts(path: Path, document: Document, faults: list[Fault]) -> Iterator[Draft]:
    """Yield the entries of one document; none when it has no namespace, for then it is no registry file.

    What is wrong with the file, or with an entry that has no id, is added to `faults`.
    """
    return _Reader(path, document, faults).drafts()
