"""`--again N`: a test that failed beside others is run N times on its own before it counts as failed.

The suite runs real processes, servers and clocks on machines it shares, and a stall of a second in the wrong place can
fail a test of a timing that no user has. Such a test is unsteady: a fault of its own, printed at the end of the run so
that it gets mended, but none of the code it tests. What fails on its own as well, even once, has failed; so has
a run in which more than `MOST` tests failed, for that is no accident of one moment, and one in which an interpreter died or
hung: that is never the fault of a stall. What all its threads did then is printed at the end of the run.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from _pytest.faulthandler import fault_handler_stderr_fd_key

MOST = 3  # of some thousand tests; a run with more is judged as it is
FAULTS = "ACTORFLOW_TEST_FAULTS"  # in the environment of the workers: the folder for their last tracebacks
LOST = "???"  # when a test failed that was never reported on, because its worker had died


class Again:
    """Collect what failed in this run, wherever its worker ran it, and decide about it at the end."""

    def __init__(self, config: pytest.Config, times: int) -> None:
        self._config = config
        self._times = times
        self._failed: list[str] = []  # node ids, each once, in the order in which they failed
        self._unsteady: list[str] = []
        self._has_died = False
        self._faults = TemporaryDirectory()
        os.environ[FAULTS] = self._faults.name

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a failed set-up, test or tear-down, and a worker that died."""
        self._has_died = self._has_died or report.when == LOST
        if report.failed and report.nodeid not in self._failed:
            self._failed.append(report.nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Turn a failed run into a passed one when all that failed passes on its own, every time."""
        if session.exitstatus != pytest.ExitCode.TESTS_FAILED or self._has_died or not 0 < len(self._failed) <= MOST:
            return
        if all(self._passes(node) for node in self._failed for _ in range(self._times)):
            self._unsteady = self._failed
            session.exitstatus = pytest.ExitCode.OK

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Name the unsteady tests, and tell where interpreters died, where nobody overlooks it."""
        for path in sorted(Path(self._faults.name).iterdir()):
            if text := path.read_text(errors="replace"):
                terminalreporter.section(f"{path.name} DIED", red=True)
                terminalreporter.line(text)
        self._faults.cleanup()
        if not self._unsteady:
            return
        terminalreporter.section("UNSTEADY", red=True)
        for node in self._unsteady:
            terminalreporter.line(f"{node}: failed beside others, passed {self._times} times on its own: mend it")

    def _passes(self, node: str) -> bool:
        options = self._config.option
        seeds = [f"--seed={options.seed}", f"--hypothesis-seed={options.hypothesis_seed or 0}"]
        settings = [f"--override-ini={setting}" for setting in options.override_ini or ()]
        words = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *settings, *seeds, node]
        print(f"\nagain, on its own: {node}", flush=True)  # noqa: T201 - the run it belongs to has no reporter any more
        return subprocess.run(words, check=False, cwd=self._config.rootpath).returncode == 0


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--again`."""
    parser.addoption("--again", type=int, default=0, metavar="N", help="run what failed N times on its own")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Watch the run of the main process; a worker only reports to it, and leaves a traceback there if it dies."""
    worker = getattr(config, "workerinput", None)
    if worker is None and config.option.again:
        config.pluginmanager.register(Again(config, config.option.again), "again")
    elif worker is not None and FAULTS in os.environ and fault_handler_stderr_fd_key in config.stash:
        with (Path(os.environ[FAULTS]) / worker["workerid"]).open("wb") as file:
            os.dup2(file.fileno(), config.stash[fault_handler_stderr_fd_key], inheritable=False)
