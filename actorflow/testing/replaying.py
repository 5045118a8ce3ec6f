"""Replaying an exported run in a test: what was recorded once is to be repeated by the code that is there now."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from actorflow.app import read_registry, verdict_of
from actorflow.run.verdict import Verdict
from actorflow.store.capsule_file import key_from, read_capsule


def replay_capsule(
    path: str | os.PathLike[str], registry: str | os.PathLike[str] | None = None, *, key_env: str = ""
) -> Verdict:
    """Replay a run that `actorflow run export` has written, and say whether the code repeats its journal.

    Nothing is performed and nothing of it is written. The source in the file is executed like any script: take files of
    Python scripts only from where you would take code.

    Args:
        path: the file.
        registry: a directory: the run is tried on the code that is registered there now, under the run's entry. Without
            one it is tried on its own source.
        key_env: name of the environment variable that has the key of the file.

    Returns:
        A verdict that `is_safe`; else its `report` has the two columns. `partly`, when values are withheld.

    Raises:
        Error: kind NotFound, Invalid or Conflict, when the file cannot be used, or the entry is not registered.
    """
    capsule = read_capsule(Path(path), key_from(key_env, os.environ))
    if registry is not None:
        capsule = replace(capsule, bundle=read_registry(Path(registry)).bundle(capsule.held.row.entry))
    return verdict_of(capsule)
