"""What every test directory shares: async tests on trio, a printed seed, and rotating slices of the slow tests."""

from __future__ import annotations

import random
import signal
from collections.abc import Awaitable, Callable
from functools import partial
from inspect import iscoroutinefunction
from typing import Any, TypeVar

import pytest
import trio
from hypothesis import settings
from trio.testing import MockClock

T = TypeVar("T")

pytest_plugins = ["tests.again", "tests.stalls"]

settings.register_profile("actorflow", deadline=None)  # a busy machine is slow, not wrong
settings.load_profile("actorflow")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--seed` and `--slice`."""
    parser.addoption(
        "--seed", type=int, default=None, help="seed of the tests that draw at random (default: a new one)"
    )
    parser.addoption("--slice", default="", metavar="K/N", help="run only the K-th of N shares of the selected tests")


def pytest_configure(config: pytest.Config) -> None:
    """Draw the seed once, so that the header and every test agree on it; let ^C be heard.

    What a shell starts in the background ignores ^C, and so does whatever that starts: also what the tests interrupt.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if config.option.seed is None:
        config.option.seed = random.SystemRandom().randrange(2**32)


def pytest_report_header(config: pytest.Config) -> str:
    """Print what is needed to run the same tests again."""
    return f"seed: {config.option.seed}" + (f", slice: {config.option.slice}" if config.option.slice else "")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep every N-th of the selected tests under `--slice K/N`, counted from the K-th: the shares are of one size."""
    if not config.option.slice:
        return
    share, shares = (int(part) for part in config.option.slice.split("/"))
    kept = items[share % shares :: shares] or items[:1]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run an `async def` test with trio; under `@pytest.mark.mock_clock` its time jumps as soon as all tasks wait."""
    if not iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames  # noqa: SLF001 - pytest's own runner reads the same
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    mocked = pyfuncitem.get_closest_marker("mock_clock") is not None
    _run(partial(pyfuncitem.obj, **arguments), mocked=mocked)
    return True


@pytest.fixture
def trio_run(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Run an async function to its end from a plain test: `trio_run(function, *args)`; knows `mock_clock` too."""
    mocked = request.node.get_closest_marker("mock_clock") is not None
    return lambda function, *args: _run(partial(function, *args), mocked=mocked)


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """Return the seed that the header shows, for `random.Random(seed)`."""
    return int(request.config.option.seed)


def _run(function: Callable[[], Awaitable[T]], *, mocked: bool) -> T:
    return trio.run(function, clock=MockClock(autojump_threshold=0) if mocked else None)
