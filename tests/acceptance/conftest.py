"""Acceptance tests run the installed command as a user would, on small registries that they write themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.project import PATIENCE, Project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """An empty project; what it started is killed when the test ends."""
    yield from _project(tmp_path)


@pytest.fixture(scope="module")
def shared_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project that the tests of one file share."""
    yield from _project(tmp_path_factory.mktemp("shared"))


def _project(path: Path) -> Iterator[Project]:
    project = Project(path)
    yield project
    for process in project.processes:
        process.kill()
        process.wait(PATIENCE)
