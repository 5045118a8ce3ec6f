"""What the registry tests share: a directory written from texts, and its registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from textwrap import dedent

import pytest

from actorflow.registry.load import load_registry
from actorflow.registry.registry import Registry

MODULES = {"lua": frozenset({"json", "time", "funcs"}), "py": frozenset({"json", "time"})}

Load = Callable[..., Registry]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Write files (paths relative to a fresh directory) and load the registry, by default from its `config`."""

    def write_and_load(
        files: Mapping[str, str | bytes] | str,
        *,
        overrides: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        directory: str = "config",
    ) -> Registry:
        if isinstance(files, str):
            files = {"config/app.yaml": files}
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(dedent(text).lstrip("\n").encode() if isinstance(text, str) else text)
        return load_registry(tmp_path / directory, overrides=overrides, environment=environment or {}, modules=MODULES)

    return write_and_load


@pytest.fixture
def texts(tmp_path: Path) -> Callable[[Registry], list[str]]:
    """Return the faults of a registry as text, with the directory left out of the file names."""
    return lambda registry: [str(fault).replace(f"{tmp_path}/", "") for fault in registry.faults]
