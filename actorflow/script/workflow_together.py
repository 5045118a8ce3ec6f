"""Several things at the same time: `workflow.parallel` and `workflow.map`.

    price, stock = await workflow.parallel([lambda: quote(order), funcs.call("shop:stock", order)])
    sizes = await workflow.map("size", files, "app:size", limit=10)

All are begun in order before the first one ends, results come in order, and what is deterministic alone is so together.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from inspect import isawaitable, iscoroutine
from typing import Any, Final, Literal, TypeAlias, overload

from actorflow.errors import Cancelled, Error, failure_of, invalid
from actorflow.run.step import call_options, check_name
from actorflow.script import channel
from actorflow.script.options import prepared
from actorflow.script.task import Task, start
from actorflow.script.workflow_step import run_step

Branch: TypeAlias = Awaitable[Any] | Callable[[], Any]
Errors: TypeAlias = Literal["first", "collect"]
Mode: TypeAlias = Literal["parallel", "sequential"]

_ERRORS: Final = ("first", "collect")
_MODES: Final = ("parallel", "sequential")


@overload
async def parallel(
    branches: Mapping[Any, Branch], *, errors: Errors = "first", limit: int = 0, mode: Mode = "parallel"
) -> dict[Any, Any]: ...
@overload
async def parallel(
    branches: Sequence[Branch], *, errors: Errors = "first", limit: int = 0, mode: Mode = "parallel"
) -> list[Any]: ...
async def parallel(
    branches: Mapping[Any, Branch] | Sequence[Branch],
    *,
    errors: Errors = "first",
    limit: int = 0,
    mode: Mode = "parallel",
) -> dict[Any, Any] | list[Any]:
    """Run all at the same time and return their results, in order or by name.

    Args:
        branches: a list, or a map by name, of awaitables and of functions without parameters, `async` or not.
        errors: "first": the first that fails cancels the others, and its error is raised once all have ended;
            "collect": all run to their end, and errors stand in the place of results.
        limit: how many run at a time, 0 for all.
        mode: "sequential" is a limit of 1.

    Raises:
        Error: that of the first branch that failed; kind Invalid for what is no branch.
    """
    named = isinstance(branches, Mapping)
    keys: list[Any] = list(branches) if isinstance(branches, Mapping) else []
    items = list(branches.values()) if isinstance(branches, Mapping) else list(branches)
    try:
        _check(items, errors, limit, mode)
        results = await _Together(items, 1 if mode == "sequential" else limit, errors == "collect").run()
    finally:
        for item in items:
            if iscoroutine(item):
                item.close()  # what never began; one that has ended does not mind
    return dict(zip(keys, results, strict=True)) if named else results


async def map(  # noqa: A001, PLR0913 - it is `workflow.map`
    name: str,
    items: Iterable[Any],
    what: str | Callable[[Any, int], Any],
    *,
    errors: Errors = "first",
    limit: int = 0,
    mode: Mode = "parallel",
    returns: Any = None,
    **options: Any,
) -> list[Any]:
    """Do a step `name[i]`, counted from 0, for each item, and return the results in order.

    Args:
        name: what the steps are called.
        items: may be empty.
        what: registry id of a function, called with the item; or a function of this script, called with the item and
            its place.
        errors: as of `parallel`.
        limit: as of `parallel`.
        mode: as of `parallel`.
        returns: a type to build each result as.
        options: those of each step, see `step`.

    Raises:
        Error: that of the first step that failed; kind Invalid for a wrong name or option.
    """
    check_name(name, "workflow.map")
    made = prepared(options)
    call_options(made, name)

    def branch(place: int, item: Any) -> Callable[[], Awaitable[Any]]:
        args = (item, place) if callable(what) else (item,)
        return lambda: run_step(f"{name}[{place}]", what, args, made, returns)

    branches = [branch(place, item) for place, item in enumerate(items)]
    return await parallel(branches, errors=errors, limit=limit, mode=mode)


def _check(items: Sequence[Any], errors: Any, limit: Any, mode: Any) -> None:
    for item in items:
        if not callable(item) and not isawaitable(item):
            raise invalid(f"workflow.parallel: got {item!r:.80}, expected functions without parameters, or awaitables")
    if errors not in _ERRORS:
        raise invalid(f"option errors: got {errors!r}, expected 'first' or 'collect'")
    if mode not in _MODES:
        raise invalid(f"option mode: got {mode!r}, expected 'parallel' or 'sequential'")
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
        raise invalid(f"option limit: got {limit!r}, expected how many may run at once, 0 for all")


class _Together:
    """Branches on their way; the first to fail, in the order of their ends, stops the others."""

    def __init__(self, branches: Sequence[Branch], limit: int, collect: bool) -> None:  # noqa: FBT001 - a field
        self._branches = branches
        self._limit = limit or len(branches)
        self._collect = collect
        self._results: list[Any] = [None] * len(branches)
        self._tasks: dict[int, Task[Any]] = {}
        self._begun = 0
        self._errors: dict[int, Exception] = {}
        self._failed: Exception | None = None
        self._cancelled = False
        self._done = channel.new(len(branches))

    async def run(self) -> list[Any]:
        try:
            while self._tasks or self._more():
                while self._more() and len(self._tasks) < self._limit:
                    await self._begin()
                await self._next_end()
                if self._failed is not None:
                    self._cancel()
        except (Exception, Cancelled) as interruption:
            await self._wind_up(interruption)
            raise
        if self._failed is not None:
            raise self._failed
        return self._results

    def _more(self) -> bool:
        return self._begun < len(self._branches) and self._failed is None

    async def _begin(self) -> None:
        place = self._begun
        self._begun += 1
        self._tasks[place] = await start(self._branch, place, owned=True)

    async def _branch(self, place: int) -> None:
        branch = self._branches[place]
        try:
            value = branch() if callable(branch) else branch
            self._results[place] = await value if isawaitable(value) else value
        except Exception as error:  # noqa: BLE001 - whoever runs the branches raises it
            self._results[place] = self._errors[place] = error
        except Cancelled as cancelled:
            self._results[place] = self._errors[place] = Error(failure_of(cancelled))
        await self._done.send(place)  # it has room for all

    async def _next_end(self) -> None:
        place = await self._done.receive()
        del self._tasks[place]
        if place in self._errors and self._failed is None and not self._collect:
            self._failed = self._errors[place]

    def _cancel(self) -> None:
        """Interrupt those that run, once: their cleanup is not."""
        if not self._cancelled:
            self._cancelled = True
            for task in self._tasks.values():
                task.cancel()

    async def _wind_up(self, interruption: BaseException) -> None:
        """Let those that run come to their end, however often that is interrupted."""
        if type(interruption) is not Cancelled:  # a cancellation has reached them already
            self._cancel()
        while self._tasks:
            with suppress(Error, Cancelled):
                await self._next_end()
