"""Bundles: everything that decides what an entry's script does, as one value with a content hash.

A durable run is pinned to the hash of its bundle and keeps replaying exactly that source after files change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from typing import Any

from actorflow.codec import decode, encode


@dataclass(frozen=True)
class Bundle:
    """The source of one entry with its libraries.

    Attributes:
        id: registry id of the entry.
        kind: its kind, e.g. `workflow.lua`.
        source: the text; empty for a function given by `import_path`.
        file: where the text came from, for messages; not part of the hash.
        line: line offset of the text in `file` (0 unless it is inline YAML); not part of the hash.
        method: name of the entry function, or "" for the language's default.
        import_path: `package.module:callable` of a Python function, or "".
        modules: names of the modules the entry lists.
        imports: alias to the bundle of the imported library.
        options: further fields that change what the script does, e.g. `limits`.
    """

    id: str
    kind: str
    source: str
    file: str = ""
    line: int = 0
    method: str = ""
    import_path: str = ""
    modules: tuple[str, ...] = ()
    imports: Mapping[str, Bundle] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def language(self) -> str:
        """`lua` or `py`: the last part of the kind."""
        return self.kind.rpartition(".")[2]

    @cached_property
    def data(self) -> bytes:
        """The bundle as deterministic bytes, what `from_bytes` takes; a library imported twice is in them once."""
        libraries: dict[str, dict[str, Any]] = {}
        self._collect(libraries)
        return encode({"bundle": self._located(), "libraries": list(libraries.values())})

    @cached_property
    def hash(self) -> str:
        """The content hash: BLAKE2b-256 of everything but `file` and `line`, in hexadecimal."""
        return blake2b(encode(self._content()), digest_size=32).hexdigest()

    def _content(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": self.kind,
            "source": self.source,
            "method": self.method,
            "import": self.import_path,
            "modules": list(self.modules),
            "imports": {alias: bundle.hash for alias, bundle in self.imports.items()},
            "options": dict(self.options),
        }

    def _located(self) -> dict[str, Any]:
        return self._content() | {"hash": self.hash, "file": self.file, "line": self.line}

    def _collect(self, libraries: dict[str, dict[str, Any]]) -> None:
        """Add the imported bundles to `libraries` by hash, each after those it imports itself."""
        for bundle in self.imports.values():
            if bundle.hash not in libraries:
                bundle._collect(libraries)  # noqa: SLF001 - another bundle
                libraries[bundle.hash] = bundle._located()  # noqa: SLF001

    @classmethod
    def from_bytes(cls, data: bytes) -> Bundle:
        """Return the bundle that `data` was made from."""
        plain = decode(data)
        libraries: dict[str, Bundle] = {}
        for item in plain["libraries"]:
            libraries[item["hash"]] = cls._from_plain(item, libraries)
        return cls._from_plain(plain["bundle"], libraries)

    @classmethod
    def _from_plain(cls, plain: Mapping[str, Any], libraries: Mapping[str, Bundle]) -> Bundle:
        return cls(
            id=plain["id"],
            kind=plain["kind"],
            source=plain["source"],
            file=plain["file"],
            line=plain["line"],
            method=plain["method"],
            import_path=plain["import"],
            modules=tuple(plain["modules"]),
            imports={alias: libraries[key] for alias, key in plain["imports"].items()},
            options=plain["options"],
        )
