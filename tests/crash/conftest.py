"""One server of forks for all crash tests of a session: it takes longer to start than most lives take."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.crash.forking import ForkServer, fork_server


@pytest.fixture(scope="session")
def forks() -> Iterator[ForkServer]:
    with fork_server() as made:
        yield made


@pytest.fixture
def server(request: pytest.FixtureRequest, forks: ForkServer) -> ForkServer:
    """Return the server, for lives of the module that the test's own module names as `LIVES`."""
    return forks.of(request.module.LIVES)
