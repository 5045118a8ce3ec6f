"""No garbage is collected while scripts are shot at here."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def uncollected() -> Iterator[None]:
    """Have no shot hit a finalizer of another test's garbage, or Hypothesis's clock of collections: pytest would complain.

    Python swallows what is raised there; a script that goes on is shot at again.
    """
    gc.disable()
    yield
    gc.enable()
