"""Judging an open run: whether a source repeats its journal, found out by a replay that performs and writes nothing."""

from __future__ import annotations

import pkgutil
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias

import trio

from actorflow.bundle import Bundle
from actorflow.errors import unavailable
from actorflow.run.turn import OpenRun
from actorflow.run.verdict import Verdict
from actorflow.store.stores import Stores

Judge: TypeAlias = Callable[[OpenRun, Bundle], Awaitable[Verdict]]
"""Says what a replay of a run on a source shows. Raises `Error` when the source does not compile."""
_CHECK: Final = "hosts.workflow.checking:check_journal"


async def unjudged(_held: OpenRun, _bundle: Bundle) -> Verdict:
    """Judge nothing.

    Raises:
        Error: kind Unavailable, always.
    """
    raise unavailable("no run can be replayed here: there are no languages")


def judge_of(stores: Stores, languages: Callable[[], Mapping[str, Any]]) -> Judge:
    """Return what judges the runs in `stores`, in a worker thread, with languages of its own for each."""

    def judged(held: OpenRun, bundle: Bundle) -> Verdict:
        program = languages()[bundle.language].compile(bundle, durable=True)
        host = held.row.host
        verdict: Verdict = pkgutil.resolve_name(_CHECK)(held.events, bundle, program, host, stores.limits_of(host))
        return verdict

    async def judge(held: OpenRun, bundle: Bundle) -> Verdict:
        return await trio.to_thread.run_sync(judged, held, bundle)

    return judge
